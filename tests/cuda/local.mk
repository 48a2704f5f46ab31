# SPDX-License-Identifier: Apache-2.0
# What nvcc made of the kernels, and whether all of them ran under emulation.
if HAVE_CUDA_EMU
TESTS += %D%/static.sh
endif
# It looks at what the others ran.
emulated_tests = $(prefill_tests) $(decode_tests) $(engine_tests) $(cuda_tests) tests/emu/test_ceiling
tests/cuda/static.log: $(emulated_tests:=.log)
# CUDA_OBJECTS are nvcc's, empty where there is no nvcc.
if HAVE_CUDA
static_objects = $(cuda_objects)
else
static_objects =
endif
AM_TESTS_ENVIRONMENT += CUDA_OBJECTS='$(static_objects)'; CUDA_WHY_NOT='$(CUDA_WHY_NOT)'; export CUDA_OBJECTS CUDA_WHY_NOT;
