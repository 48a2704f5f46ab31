# SPDX-License-Identifier: Apache-2.0
# krait_cuda.m4 - the CUDA toolkit, and what the emulation of it in tests needs.

# KRAIT_CHECK_CUDA: looks for a toolkit in --with-cuda=DIR, $CUDA_HOME and /usr/local/cuda.
# have_cuda     its headers and nvcc: the engine krait-cuda.so is built
# have_cuda_emu its headers and a C++ compiler: its tests run under emulation
AC_DEFUN([KRAIT_CHECK_CUDA], [
AC_ARG_WITH([cuda],
	[AS_HELP_STRING([--with-cuda@<:@=DIR@:>@], [build the CUDA engine with the toolkit in DIR (default: $CUDA_HOME or /usr/local/cuda, if there)])],
	[], [with_cuda=check])
AC_ARG_ENABLE([cuda-engine],
	[AS_HELP_STRING([--disable-cuda-engine], [compile nothing with nvcc; a toolkit serves the tests alone])],
	[], [enable_cuda_engine=yes])
AC_ARG_VAR([NVCC], [the CUDA compiler])
AC_ARG_VAR([NVCCFLAGS], [flags for it])
AC_ARG_VAR([CUDA_RPATH], [where the engine looks for CUDA's libraries when it is loaded (default: where they are now; empty: where the system does)])
AC_ARG_VAR([CUDA_ARCHITECTURES], [architectures to compile for (default: "80 90 100 120"), the last one also as PTX])
AC_PATH_PROG([CLANGXX], [clang++])

CUDA_DIR=
AS_CASE([$with_cuda],
	[no], [krait_places=],
	[yes|check], [krait_places="$CUDA_HOME /usr/local/cuda"],
	[krait_places=$with_cuda])
for krait_place in $krait_places; do
	AS_IF([test -z "$CUDA_DIR" && test -f "$krait_place/include/cuda_runtime.h" && test -f "$krait_place/include/cublasLt.h"],
		[CUDA_DIR=$krait_place])
done
AC_MSG_CHECKING([for a CUDA toolkit])
AC_MSG_RESULT([${CUDA_DIR:-no}])

have_cuda=no
AS_IF([test -n "$CUDA_DIR" && test "x$enable_cuda_engine" != xno && test -z "$sanitizers$COVERAGE_LDFLAGS"], [
	AS_IF([test -z "$NVCC" && test -x "$CUDA_DIR/bin/nvcc"], [NVCC=$CUDA_DIR/bin/nvcc])
	CUDA_LIBDIR=
	for krait_place in "$CUDA_DIR/lib64" "$CUDA_DIR/lib"; do
		AS_IF([test -z "$CUDA_LIBDIR" && test -e "$krait_place/libcudart.so"], [CUDA_LIBDIR=$krait_place])
	done
	AS_IF([test -n "$NVCC" && test -n "$CUDA_LIBDIR"], [have_cuda=yes])])
AS_IF([test "x$have_cuda" = xno && test "x$enable_cuda_engine" != xno],
	[AS_CASE([$with_cuda],
		[no|check], [],
		[AS_IF([test -z "$CUDA_DIR"],
			[AC_MSG_ERROR([--with-cuda: no CUDA toolkit in: $krait_places. Its folders bin, include and lib64 are needed, with cuBLAS])])])])

# Instrumented device code needs one compiler for each kind: docs/cuda-emulation.md says why.
have_cuda_emu=no
AS_IF([test -n "$CUDA_DIR"], [
	AC_MSG_CHECKING([whether $CXX compiles the CUDA headers])
	AC_LANG_PUSH([C++])
	krait_saved_cppflags=$CPPFLAGS
	krait_saved_cxxflags=$CXXFLAGS
	CPPFLAGS="$CPPFLAGS -isystem $CUDA_DIR/include"
	CXXFLAGS="$CXXFLAGS -std=c++17"
	AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#include <cuda_runtime.h>
#include <cuda_bf16.h>
#include <cublasLt.h>
#if CUDART_VERSION < 13000
#error CUDA 13 or later is needed
#endif
]])], [have_cuda_emu=yes])
	CPPFLAGS=$krait_saved_cppflags
	CXXFLAGS=$krait_saved_cxxflags
	AC_LANG_POP([C++])
	AC_MSG_RESULT([$have_cuda_emu])
	AS_IF([test "x$have_cuda_emu" = xno], [have_cuda=no])])

test -n "$CUDA_ARCHITECTURES" || CUDA_ARCHITECTURES="80 90 100 120"
CUDA_GENCODE=
for krait_arch in $CUDA_ARCHITECTURES; do
	CUDA_GENCODE="$CUDA_GENCODE -gencode arch=compute_$krait_arch,code=sm_$krait_arch"
done
CUDA_GENCODE="$CUDA_GENCODE -gencode arch=compute_$krait_arch,code=compute_$krait_arch"
# Why nothing was compiled with nvcc, for those who skip a test of it.
CUDA_WHY_NOT="no cuda toolkit with nvcc was found by configure (--with-cuda=DIR)"
AS_IF([test "x$enable_cuda_engine" = xno || test -n "$sanitizers$COVERAGE_LDFLAGS"],
	[CUDA_WHY_NOT="nvcc is left out of this build"])
AC_SUBST([CUDA_WHY_NOT])
AC_SUBST([CUDA_DIR])
AC_SUBST([CUDA_LIBDIR])
CUDA_RPATH_FLAG="-Wl,-rpath,${CUDA_RPATH-$CUDA_LIBDIR}"
test "$CUDA_RPATH_FLAG" != -Wl,-rpath, || CUDA_RPATH_FLAG=
AC_SUBST([CUDA_RPATH_FLAG])
AC_SUBST([CUDA_GENCODE])
test -n "$NVCCFLAGS" || NVCCFLAGS=-O3

# The emulated code's own flags. g++ has redzones around __shared__ arrays, and sees misaligned
# vectors; clang++ knows which thread of a block did what.
EMU_CXXFLAGS="-O2 -g"
AS_CASE([$sanitizers],
	[*address*], [EMU_CXXFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=$sanitizers -fno-sanitize-recover=all"
		AS_IF([$CXX --version 2>/dev/null | grep -i clang >/dev/null], [],
			[EMU_CXXFLAGS="$EMU_CXXFLAGS -fsanitize-sections=.cushared*"])],
	[?*], [EMU_CXXFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=$sanitizers"])
AS_IF([test "x$enable_coverage" = xyes], [EMU_CXXFLAGS="-O0 -g --coverage -fprofile-update=atomic"])
# ThreadSanitizer of g++ reports races that are none: the target check-race uses clang.
AS_CASE([$sanitizers], [*thread*],
	[AS_IF([$CXX --version 2>/dev/null | grep -i clang >/dev/null], [], [have_cuda_emu=no])])
# A loop that nvcc unrolls and clang does not is no mistake.
AS_IF([$CXX --version 2>/dev/null | grep -i clang >/dev/null], [EMU_CXXFLAGS="$EMU_CXXFLAGS -Wno-pass-failed"],
	[EMU_CXXFLAGS="$EMU_CXXFLAGS -Wno-maybe-uninitialized"])
AC_SUBST([EMU_CXXFLAGS])
EMU_WERROR=
AS_IF([test "x$enable_werror" = xyes], [EMU_WERROR=-Werror])
AC_SUBST([EMU_WERROR])

AC_ARG_ENABLE([device-tests],
	[AS_HELP_STRING([--enable-device-tests], [link the tests of the CUDA engine with the real runtime; make check-cuda does])],
	[], [enable_device_tests=no])
AS_IF([test "x$enable_device_tests" = xyes && test "x$have_cuda" = xno],
	[AC_MSG_ERROR([--enable-device-tests needs a CUDA toolkit with nvcc (--with-cuda=DIR)])])
AM_CONDITIONAL([CUDA_ON_DEVICE], [test "x$enable_device_tests" = xyes])
AM_CONDITIONAL([HAVE_CUDA], [test "x$have_cuda" = xyes])
AM_CONDITIONAL([HAVE_CUDA_EMU], [test "x$have_cuda_emu" = xyes])
AM_CONDITIONAL([CUDA_PLUGIN], [test "x$have_cuda" = xyes && test -f "$srcdir/kernels/cuda/plugin.c"])
])
