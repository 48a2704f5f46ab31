# Measurements are not part of `make check`: times are read by people.
EXTRA_DIST += %D%/README.md %D%/cpu.sh

bench: krait
	KRAIT='$(abs_top_builddir)/krait' KRAIT_MODEL_PATH='$(abs_top_srcdir)/models' $(SHELL) $(srcdir)/bench/cpu.sh bench.jsonl
.PHONY: bench
