# SPDX-License-Identifier: Apache-2.0
# bench/headline/headline: Mamba against a Transformer of its size, on one CPU.
EXTRA_PROGRAMS += bench/headline/headline
bench_headline_headline_SOURCES = %D%/main.c
bench_headline_headline_CFLAGS = $(AM_CFLAGS)
bench_headline_headline_LDADD = libkrait.la
headline: bench/headline/headline
.PHONY: headline
