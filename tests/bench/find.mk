# make bench-find: questions to a small and a large index (2 GB of disk), and
# beside the peers.
SMALL ?= 1000
LARGE ?= 100000
.PHONY: bench-find
bench-find: deps
	$(AGAIN) all $(B)/tools/fill-index
	PACS_BUILD='$(abspath $(B))' python3 tests/bench/find.py $(SMALL) $(LARGE)
