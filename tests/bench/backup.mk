# make bench-backup: us, tar | zstd, restic and borg on the same files. About
# 4 GB of disk; BENCH_SCALE=0.1 for a quick look, BENCH_RUNS=3 rounds.
.PHONY: bench-backup
bench-backup: deps
	@[ "$(DEPS)" = no ] || .ci/deps.sh bench
	$(AGAIN) all bench-tools
	PACS_BUILD='$(abspath $(B))' python3 tests/bench/backup.py
