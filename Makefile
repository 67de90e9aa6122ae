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

LIBS_PKG = sqlite3 libarchive libzstd zlib
# Without pkg-config (a bare machine, before `make deps`) the plain names do.
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBS_PKG) 2>/dev/null)
PKG_LIBS := $(or $(shell $(PKG_CONFIG) --libs $(LIBS_PKG) 2>/dev/null),\
	-lsqlite3 -larchive -lzstd -lz)
# Programs need SHA-256 of libcrypto, 20 KB; resolving the 3,400 names of the
# shared library is a third of what a short program costs. Where only that is to
# be had or wanted: make CRYPTO_LIBS=-lcrypto
CRYPTO_LIBS ?= $(if $(filter /%,$(shell $(CC) -print-file-name=libcrypto.a)),\
	-l:libcrypto.a,-lcrypto)
# Debian 12's dcmtk.pc asks for sndfile, which is not there; so by name.
DCMTK_LIBS ?= -ldcmjpeg -ldcmjpls -ldcmimage -ldcmimgle -ldcmdata -loflog -lofstd
DCMTK_NET_LIBS ?= -ldcmtls -ldcmnet -ldcmdata -loflog -lofstd -lssl -lcrypto

override CPPFLAGS += -D_GNU_SOURCE -Ilib -I$(G) $(PKG_CFLAGS) \
	-DPACS_VERSION='"$(VERSION)"' -DPACS_LIBEXECDIR='"$(LIBEXECDIR)"'
ALL_CFLAGS = -std=c11 $(WARN) $(CWARN) $(CFLAGS) $(HARDEN) $(SANFLAGS) -pthread
ALL_CXXFLAGS = -std=c++17 $(WARN) $(CXXFLAGS) $(HARDEN) $(SANFLAGS) -pthread
ALL_LDFLAGS = $(LDFLAGS) $(LDHARDEN) $(SANFLAGS) -pthread -Wl,--as-needed
LDLIBS = $(PKG_LIBS) $(CRYPTO_LIBS) -lutf8proc -ldl -lm

LIB_SRC := $(wildcard lib/*/*.c)
CMD_SRC := $(wildcard cmd/pacs*.c)
# What commands share and no room should know; a program links what it uses.
SHARED_SRC := $(filter-out $(CMD_SRC),$(wildcard cmd/*.c))
UNIT_SRC := $(wildcard tests/unit/*.c)
TOOL_SRC := $(wildcard tests/tools/*.c)
FUZZ_SRC := $(filter-out tests/fuzz/driver.c,$(wildcard tests/fuzz/*.c))
MAN_SRC := $(wildcard man/*.[1-9])
COMPLETIONS = completions/pacs.bash completions/_pacs completions/pacs.fish

LIB_OBJ = $(LIB_SRC:%.c=$(B)/%.o) $(GEN_OBJ)
# What each shared object is made of; a program loads the one that it needs.
BRIDGE_OBJ = $(patsubst %,$(B)/lib/dcmtk/%.o,codec fail)
NET_OBJ = $(patsubst %,$(B)/lib/dcmtk/%.o,accept association conn fail layer request wait)
PROGRAMS = $(CMD_SRC:cmd/%.c=$(B)/bin/%)
UNITS = $(UNIT_SRC:tests/unit/%.c=$(B)/unit/%)
TOOLS = $(TOOL_SRC:tests/tools/%.c=$(B)/tools/%)
REPLAYS = $(FUZZ_SRC:tests/fuzz/%.c=$(B)/replay/%)
FUZZERS = $(FUZZ_SRC:tests/fuzz/%.c=$(B)/fuzz/%)
LIB = $(B)/libpacs.a
SHARED = $(B)/libcmd.a
BRIDGE = $(B)/bin/pacs-dcmtk.so $(B)/bin/pacs-dcmtk-net.so

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all
all: $(PROGRAMS) $(BRIDGE)

# --- data tables become C at build time ---------------------------------
DATA = lib/dicom/data
GEN_H = $(G)/dicom/tags.h
GEN_OBJ = $(patsubst %,$(G)/dicom/%.o,dict_data uid_data charset_data) \
	$(G)/deid/deid_data.o

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

DEID_DATA = $(patsubst %,lib/deid/data/%.tsv,profile extra safe-private \
	methods classes)
$(G)/deid/deid_data.c: $(DEID_DATA) lib/deid/gen.awk
	@mkdir -p $(@D)
	awk -f lib/deid/gen.awk $(DEID_DATA) >$@

# --- compiling ------------------------------------------------------------
$(G)/%.o: $(G)/%.c Makefile | $(GEN_H)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(B)/%.o: %.c Makefile | $(GEN_H)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(B)/lib/dcmtk/%.o: lib/dcmtk/%.cc Makefile | $(GEN_H)
	@mkdir -p $(@D)
	$(CXX) $(CPPFLAGS) $(ALL_CXXFLAGS) -MMD -MP -c -o $@ $<

$(B)/tests/%.o: override CPPFLAGS += -Itests
# "cmd/question.h"
$(B)/cmd/%.o: override CPPFLAGS += -I.

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^
$(B)/bin/pacs-dcmtk.so: $(BRIDGE_OBJ) lib/dcmtk/exports.map
	@mkdir -p $(@D)
	$(CXX) -shared $(LDFLAGS) $(SANFLAGS) -Wl,-z,relro,-z,now \
		-Wl,--version-script=lib/dcmtk/exports.map -o $@ $(BRIDGE_OBJ) $(DCMTK_LIBS)
$(B)/bin/pacs-dcmtk-net.so: $(NET_OBJ) lib/dcmtk/exports.map
	@mkdir -p $(@D)
	$(CXX) -shared $(LDFLAGS) $(SANFLAGS) -Wl,-z,relro,-z,now \
		-Wl,--version-script=lib/dcmtk/exports.map -o $@ $(NET_OBJ) $(DCMTK_NET_LIBS)
$(SHARED): $(SHARED_SRC:%.c=$(B)/%.o)
	@rm -f $@
	$(AR) rcs $@ $^
$(B)/bin/%: $(B)/cmd/%.o $(SHARED) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(SHARED) $(LIB) $(LDLIBS)
$(B)/unit/%: $(B)/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)
$(B)/tools/%: $(B)/tests/tools/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)
# A fuzz target with our own main replays its corpus; with libFuzzer's (clang,
# FUZZER set by `make fuzz`) it looks for more.
$(B)/replay/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/driver.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(LDLIBS)
$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $< $(LIB) $(LDLIBS)

-include $(shell find $(B) -path $(B)/deb -prune -o -type f -name '*.d' -print 2>/dev/null)

# --- targets for people ----------------------------------------------------
# One make for each variant, as parallel as the machine unless -j says how.
NPROC := $(shell nproc 2>/dev/null || echo 1)
# Silent, so that what a test run prints is warnings and tests; V=1 shows all.
AGAIN = +@$(MAKE) --no-print-directory $(if $(V),,-s) $(if $(filter -j%,$(MAKEFLAGS)),,-j$(NPROC))
FUZZ_SECONDS ?= 60
# T=name: only the test files whose path matches.
T ?=
matching = $(if $(T),$(foreach f,$(1),$(if $(findstring $(T),$(f)),$(f))),$(1))

.PHONY: help deps lint-deps demo units tools replays check-build check check-all asan valgrind \
	fuzz fuzzers lint format bench completions install uninstall dist deb clean
help:
	@echo 'make                build the programs in $(B)/bin'
	@echo 'make demo           a tour with synthetic patients'
	@echo 'make check          all tests; T=name: only files that match'
	@echo 'make check-all      check, asan, all crashes and faults, fuzz, lint'
	@echo 'make asan           the programs under sanitizers, all bats files'
	@echo 'make valgrind       the bats files of commands under valgrind; slow'
	@echo 'make fuzz           FUZZ_SECONDS=60 for each target; T=name'
	@echo 'make bench          us and the peers on the same files'
	@echo 'make lint format    check, rewrite the style of the sources'
	@echo 'make completions    regenerate completions/'
	@echo 'make install        PREFIX=/usr/local DESTDIR=; also uninstall'
	@echo 'make dist           a tar of the committed sources'
	@echo 'make deb            a Debian package of them, judged by lintian'
	@echo 'make deps           install missing Debian packages (DEPS=no: never)'

# DEPS=no is for machines where the packages came another way.
DEPS ?= yes
deps:
	@[ "$(DEPS)" = no ] || .ci/deps.sh build check
lint-deps: deps
	@[ "$(DEPS)" = no ] || .ci/deps.sh lint

demo:
	@[ "$(DEPS)" = no ] || .ci/deps.sh build demo
	$(AGAIN) all
	PACS_BUILD='$(abspath $(B))' examples/demo.sh

# More that tests need is made by their own fragments.
include $(wildcard tests/*/*.mk)

units: $(UNITS) $(BRIDGE)
tools: $(TOOLS)
replays: $(REPLAYS)
fuzzers: $(FUZZERS)

check-build: all units tools $(if $(wildcard tests/fault/fault.mk),fault)
check: deps
	$(AGAIN) check-build UNIT_SRC='$(call matching,$(UNIT_SRC))'
	$(AGAIN) units replays B=$(B)/asan SAN=address,undefined \
		CFLAGS='-O0 -g1' CXXFLAGS='-O0 -g1' \
		UNIT_SRC='$(call matching,$(UNIT_SRC))' \
		FUZZ_SRC='$(call matching,$(FUZZ_SRC))'
	@PACS_BUILD='$(abspath $(B))' T='$(T)' MAKE='$(MAKE)' \
		CHECK_ALL='$(CHECK_ALL)' tests/run.sh

# The same contracts, with our programs under sanitizers (not the faults: their
# shim and ASan's runtime both want to be loaded first).
asan: deps
	$(AGAIN) all tools B=$(B)/asan SAN=address,undefined
	@PACS_BUILD='$(abspath $(B)/asan)' T='$(T)' KINDS=bats MAKE='$(MAKE)' \
		ASAN_OPTIONS=detect_leaks=1:$$ASAN_OPTIONS tests/run.sh

valgrind: deps lint-deps
	$(AGAIN) all tools
	@PACS_BUILD='$(abspath $(B))' T='$(T)' MAKE='$(MAKE)' tests/valgrind.sh

fuzz: lint-deps
	$(AGAIN) fuzzers B=$(B)/libfuzzer CC=clang CXX=clang++ \
		SAN=fuzzer-no-link,address,undefined \
		FUZZ_SRC='$(call matching,$(FUZZ_SRC))'
	@B=$(B)/libfuzzer FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz.sh \
		$(patsubst tests/fuzz/%.c,%,$(call matching,$(FUZZ_SRC)))

check-all:
	$(AGAIN) check CHECK_ALL=1
	$(AGAIN) asan
	$(AGAIN) check-fault
	$(AGAIN) fuzz
	$(AGAIN) lint
	$(AGAIN) deb

bench: deps
	$(AGAIN) all tools bench-tools
	PACS_BUILD='$(abspath $(B))' tests/bench/bench.py
	PACS_BUILD='$(abspath $(B))' tests/bench/send.py

lint: lint-deps
	$(AGAIN) all units tools B=$(B)/lint-gcc CC=gcc CXX=g++ \
		CFLAGS='-O2 -Werror' CXXFLAGS='-O2 -Werror'
	$(AGAIN) all units tools B=$(B)/lint-clang CC=clang CXX=clang++ \
		CFLAGS='-O2 -Werror' CXXFLAGS='-O2 -Werror'
	@CPPFLAGS='-D_GNU_SOURCE -I. -Ilib -I$(B)/lint-gcc/gen $(PKG_CFLAGS)' tests/lint.sh

format:
	git ls-files '*.c' '*.h' '*.cc' | xargs clang-format -i

# Pages that are made of tables; tests/docs/deid.bats looks for drift.
.PHONY: pages
pages:
	awk -f lib/deid/page.awk $(filter-out %/safe-private.tsv,$(DEID_DATA)) \
		>man/pacs-deid.7

completions: all
	completions/generate.sh $(B)/bin completions

INSTALLED_NAMES = $(notdir $(PROGRAMS))
OTHER_NAMES = $(filter-out pacs,$(INSTALLED_NAMES))
MAN_PATH = $(foreach m,$(1),$(DESTDIR)$(MANDIR)/man$(patsubst .%,%,$(suffix $(m)))/$(notdir $(m)))
install: all
	install -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(LIBEXECDIR)' \
		'$(DESTDIR)$(DOCDIR)/examples' '$(DESTDIR)$(BASHCOMPDIR)' \
		'$(DESTDIR)$(ZSHCOMPDIR)' '$(DESTDIR)$(FISHCOMPDIR)'
	install -m 755 $(PROGRAMS) '$(DESTDIR)$(BINDIR)'
	install -m 644 $(BRIDGE) '$(DESTDIR)$(LIBEXECDIR)'
	@set -e; for m in $(MAN_SRC); do \
		d='$(DESTDIR)$(MANDIR)'/man$${m##*.}; \
		install -d "$$d"; install -m 644 "$$m" "$$d"; done
	install -m 644 README.md LICENSE '$(DESTDIR)$(DOCDIR)'
	install -m 644 lib/README.md '$(DESTDIR)$(DOCDIR)/lib-README.md'
	@set -e; for e in examples/*.*; do \
		install -m "$$(test -x "$$e" && echo 755 || echo 644)" \
			"$$e" '$(DESTDIR)$(DOCDIR)/examples'; done
	@# What the texts and units say about where things are.
	@sed -i -e 's|/usr/local/share/doc/pacs-tools|$(DOCDIR)|g' \
		-e 's|/usr/local/bin|$(BINDIR)|g' \
		'$(DESTDIR)$(MANDIR)/man5/pacs-archive.5' \
		'$(DESTDIR)$(DOCDIR)'/examples/*.cron \
		'$(DESTDIR)$(DOCDIR)'/examples/*.service
	install -m 644 completions/pacs.bash '$(DESTDIR)$(BASHCOMPDIR)/pacs'
	install -m 644 completions/_pacs '$(DESTDIR)$(ZSHCOMPDIR)'
	install -m 644 completions/pacs.fish '$(DESTDIR)$(FISHCOMPDIR)'
	@set -e; for n in $(OTHER_NAMES); do \
		ln -sf pacs '$(DESTDIR)$(BASHCOMPDIR)'/$$n; \
		ln -sf pacs.fish '$(DESTDIR)$(FISHCOMPDIR)'/$$n.fish; done

uninstall:
	rm -f $(addprefix '$(DESTDIR)$(BINDIR)'/,$(INSTALLED_NAMES)) \
		$(addprefix '$(DESTDIR)$(BASHCOMPDIR)'/,$(INSTALLED_NAMES)) \
		$(patsubst %,'$(DESTDIR)$(FISHCOMPDIR)'/%.fish,$(INSTALLED_NAMES)) \
		'$(DESTDIR)$(ZSHCOMPDIR)/_pacs' $(call MAN_PATH,$(MAN_SRC))
	rm -rf '$(DESTDIR)$(LIBEXECDIR)' '$(DESTDIR)$(DOCDIR)'

dist:
	@mkdir -p $(B)
	git archive --prefix=pacs-tools-$(VERSION)/ HEAD | \
		gzip -9n >$(B)/pacs-tools-$(VERSION).tar.gz
	@echo $(B)/pacs-tools-$(VERSION).tar.gz

# In a tree of its own, out of what is committed.
DEB = $(B)/deb/pacs-tools-$(VERSION)
deb:
	@[ "$(DEPS)" = no ] || .ci/deps.sh build deb
	@rm -rf $(B)/deb && mkdir -p $(DEB)
	git archive HEAD | tar -x -C $(DEB)
	mv $(DEB)/examples/packaging/debian $(DEB)
	sed -i -e 's/@VERSION@/$(VERSION)/' -e "s/@DATE@/$$(git log -1 --format=%cD)/" \
		$(DEB)/debian/changelog
	cd $(DEB) && dpkg-buildpackage -us -uc -b
	lintian --allow-root --fail-on error,warning $(B)/deb/*.changes
	@ls $(B)/deb/*.deb

clean:
	rm -rf $(B)
