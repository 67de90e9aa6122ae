# make bench-anon: beside cp -r, gdcmanon, a pydicom loop and Orthanc.
.PHONY: bench-anon
bench-anon: deps
	$(AGAIN) all bench-tools
	PACS_BUILD='$(abspath $(B))' python3 tests/bench/anon.py

# Some minutes: a million objects, for what memory they take.
.PHONY: bench-million
bench-million: deps
	$(AGAIN) all bench-tools
	PACS_BUILD='$(abspath $(B))' python3 tests/bench/anon.py --million
