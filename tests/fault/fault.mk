# What the tests of crashes and faults need (tests/fault). Included by Makefile.
FAULT_SRC = tests/fault/shim.c tests/fault/plan.c tests/fault/record.c

.PHONY: fault
fault: $(B)/fault/shim.so
$(B)/fault/shim.so: $(FAULT_SRC) tests/fault/shim.h tests/fault/fault.mk
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARN) $(CWARN) -O2 -g -fPIC -shared \
		-fvisibility=hidden -pthread -o $@ $(FAULT_SRC)
