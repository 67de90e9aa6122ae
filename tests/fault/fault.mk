# What the tests of crashes and faults need (tests/fault). Included by Makefile.
FAULT_SRC = $(patsubst %,tests/fault/%.c,barriers call contents names plan \
	reading record)

.PHONY: fault
fault: $(B)/fault/shim.so
$(B)/fault/shim.so: $(FAULT_SRC) tests/fault/shim.h tests/fault/calls.h tests/fault/fault.mk
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARN) $(CWARN) -O2 -g -fPIC -shared \
		-fvisibility=hidden -pthread -o $@ $(FAULT_SRC) -ldl

# All crashes and faults, not a sample.
.PHONY: check-fault
check-fault: all fault
	@FAULT_FULL=1 KINDS=fault PACS_BUILD='$(abspath $(B))' T='$(T)' \
		TEST_TIMEOUT=14400 MAKE='$(MAKE)' tests/run.sh
