# pacs-tools: `make` builds, `make demo` shows, `make check` tests.
# GNU make. Everything that is made lands in $(B).

VERSION ?= 0.1.0
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/lib/pacs-tools
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/pacs-tools
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d

CC ?= cc
CXX ?= c++
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
CXXFLAGS ?= -O2 -g
WARN ?= -Wall -Wextra -Wshadow -Wvla -Wwrite-strings -Wformat=2 -Wundef \
	-Wpointer-arith
CWARN ?= -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wconversion -Wno-sign-conversion
HARDEN ?= -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIC
LDHARDEN ?= -Wl,-z,relro,-z,now -pie

# SAN=address,undefined builds with sanitizers (make asan does, in its own $(B)).
SAN ?=
ifneq ($(SAN),)
HARDEN = -fPIC
SANFLAGS = -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=undefined
endif

B ?= build
G = $(B)/gen

LIBS_PKG = sqlite3 libarchive libzstd libcrypto zlib
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBS_PKG) 2>/dev/null)
PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(LIBS_PKG) 2>/dev/null)
# Debian 12's dcmtk.pc asks for sndfile, which is not there; so by name.
DCMTK_LIBS ?= -ldcmjpeg -ldcmjpls -ldcmimage -ldcmimgle -ldcmdata -loflog -lofstd

override CPPFLAGS += -D_GNU_SOURCE -Ilib -I$(G) $(PKG_CFLAGS) \
	-DPACS_VERSION='"$(VERSION)"' -DPACS_LIBEXECDIR='"$(LIBEXECDIR)"'
ALL_CFLAGS = -std=c11 $(WARN) $(CWARN) $(CFLAGS) $(HARDEN) $(SANFLAGS) -pthread
ALL_CXXFLAGS = -std=c++17 $(WARN) $(CXXFLAGS) $(HARDEN) $(SANFLAGS) -pthread
ALL_LDFLAGS = $(LDFLAGS) $(LDHARDEN) $(SANFLAGS) -pthread -Wl,--as-needed
LDLIBS = $(PKG_LIBS) -lutf8proc -ldl -lm

LIB_SRC := $(wildcard lib/*/*.c)
BRIDGE_SRC := $(wildcard lib/dcmtk/*.cc)
CMD_SRC := $(wildcard cmd/*.c)
UNIT_SRC := $(wildcard tests/unit/*.c)

LIB_OBJ = $(LIB_SRC:%.c=$(B)/%.o) $(GEN_OBJ)
BRIDGE_OBJ = $(BRIDGE_SRC:%.cc=$(B)/%.o)
PROGRAMS = $(CMD_SRC:cmd/%.c=$(B)/bin/%)
UNITS = $(UNIT_SRC:tests/unit/%.c=$(B)/unit/%)
LIB = $(B)/libpacs.a
BRIDGE = $(if $(BRIDGE_SRC),$(B)/bin/pacs-dcmtk.so)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all
all: $(PROGRAMS) $(BRIDGE)

# --- data tables become C at build time ---------------------------------
DATA = lib/dicom/data
GEN_H = $(G)/dicom/tags.h
GEN_OBJ = $(patsubst %,$(G)/dicom/%.o,dict_data uid_data charset_data)

$(G)/dicom/tags.h: $(DATA)/dictionary.tsv lib/dicom/gen.awk
	@mkdir -p $(@D)
	awk -v out=tags -f lib/dicom/gen.awk $< >$@
$(G)/dicom/dict_data.c: $(DATA)/dictionary.tsv lib/dicom/gen.awk
	@mkdir -p $(@D)
	awk -v out=dict -f lib/dicom/gen.awk $< >$@
$(G)/dicom/uid_data.c: $(DATA)/sop-classes.tsv $(DATA)/transfer-syntaxes.tsv lib/dicom/gen.awk
	@mkdir -p $(@D)
	awk -v out=uids -f lib/dicom/gen.awk $(filter %.tsv,$^) >$@
$(G)/dicom/charset_data.c: $(DATA)/charsets.tsv lib/dicom/gen-charsets.awk
	@mkdir -p $(@D)
	awk -v out=charsets -f lib/dicom/gen-charsets.awk $< >$@

# --- compiling ------------------------------------------------------------
$(G)/%.o: $(G)/%.c Makefile | $(GEN_H)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(B)/%.o: %.c Makefile | $(GEN_H)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(B)/lib/dcmtk/%.o: lib/dcmtk/%.cc Makefile | $(GEN_H)
	@mkdir -p $(@D)
	$(CXX) $(CPPFLAGS) $(ALL_CXXFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^
$(B)/bin/pacs-dcmtk.so: $(BRIDGE_OBJ)
	@mkdir -p $(@D)
	$(CXX) -shared $(LDFLAGS) $(SANFLAGS) -Wl,-z,relro,-z,now -o $@ $^ $(DCMTK_LIBS)
$(B)/bin/%: $(B)/cmd/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)
$(B)/unit/%: $(B)/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)

-include $(shell find $(B) -name '*.d' 2>/dev/null)

.PHONY: units clean
units: $(UNITS)
clean:
	rm -rf $(B)
