# What `make bench` needs besides the programs (tests/bench).
.PHONY: bench-tools
bench-tools: $(addprefix $(B)/bench/,measure replay header-ours header-dcmtk)
$(B)/bench/measure: tests/bench/measure.c tests/bench/bench.mk
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARN) -O2 -o $@ $<
$(B)/bench/replay: $(B)/tests/bench/replay.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)
$(B)/bench/header-ours: $(B)/tests/bench/header-ours.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)
$(B)/bench/header-dcmtk: tests/bench/header-dcmtk.cc tests/bench/bench.mk
	@mkdir -p $(@D)
	$(CXX) -std=c++17 -O2 -o $@ $< -ldcmdata -loflog -lofstd
