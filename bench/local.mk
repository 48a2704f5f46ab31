# Measurements are not part of `make check`: times are read by people.
EXTRA_DIST += %D%/README.md %D%/peers.py %D%/cpu.sh %D%/gpu.sh %D%/gpu_report.py \
	%D%/first-hour.sh %D%/first_hour.py %D%/predictions.json %D%/modelled.py tests/cuda/modelled.sh

bench: krait
	KRAIT='$(abs_top_builddir)/krait' KRAIT_MODEL_PATH='$(abs_top_srcdir)/models' $(SHELL) $(srcdir)/bench/cpu.sh bench.jsonl
# What a GPU should take, from counts that are committed.
modelled:
	$(PYTHON3) $(srcdir)/bench/modelled.py --kernels
.PHONY: bench modelled
TESTS += tests/cuda/modelled.sh
include %D%/transformer/local.mk
include %D%/headline/local.mk
