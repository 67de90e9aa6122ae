# What `make bench` needs besides the programs (tests/bench).
.PHONY: bench-tools
bench-tools: $(B)/bench/measure
$(B)/bench/measure: tests/bench/measure.c tests/bench/bench.mk
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARN) -O2 -o $@ $<
