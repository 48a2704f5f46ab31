# SPDX-License-Identifier: Apache-2.0
# krait.m4 - the checks of configure.ac that come more than once.

# KRAIT_REQUIRE_COMPILE(WHAT, PROGRAM): stops when PROGRAM does not compile.
AC_DEFUN([KRAIT_REQUIRE_COMPILE], [
AC_MSG_CHECKING([for $1])
AC_COMPILE_IFELSE([AC_LANG_SOURCE([$2])], [AC_MSG_RESULT([yes])],
	[AC_MSG_RESULT([no])
	AC_MSG_ERROR([$1 is needed])])
])

# KRAIT_ADD_CFLAGS(FLAGS): adds to KRAIT_CFLAGS those that the compiler takes.
AC_DEFUN([KRAIT_ADD_CFLAGS], [
for krait_flag in $1; do
	AC_MSG_CHECKING([whether $CC takes $krait_flag])
	krait_saved_cflags=$CFLAGS
	CFLAGS="$CFLAGS -Werror $krait_flag"
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
		[AC_MSG_RESULT([yes])
		KRAIT_CFLAGS="$KRAIT_CFLAGS $krait_flag"],
		[AC_MSG_RESULT([no])])
	CFLAGS=$krait_saved_cflags
done
])

# KRAIT_CHECK_LINK(FLAG, [IF-YES], [IF-NO], [MORE-FLAGS]): whether a program links with FLAG.
AC_DEFUN([KRAIT_CHECK_LINK], [
AC_MSG_CHECKING([whether the linker takes $1])
krait_saved_ldflags=$LDFLAGS
LDFLAGS="$LDFLAGS $4 $1"
AC_LINK_IFELSE([AC_LANG_PROGRAM()], [krait_answer=yes], [krait_answer=no])
LDFLAGS=$krait_saved_ldflags
AC_MSG_RESULT([$krait_answer])
AS_IF([test "x$krait_answer" = xyes], [m4_default([$2], [:])], [m4_default([$3], [:])])
])

# KRAIT_CHECK_ISA(NAME, FLAGS, PROGRAM): defines HAVE_NAME, for make and for C, and
# NAME_CFLAGS when PROGRAM compiles with FLAGS. --disable-NAME leaves it out.
AC_DEFUN([KRAIT_CHECK_ISA], [
AC_ARG_ENABLE(m4_tolower([$1]),
	[AS_HELP_STRING([--disable-]m4_tolower([$1]), [leave the $1 kernels out])],
	[krait_wanted=$enableval], [krait_wanted=yes])
have_$1=no
AS_IF([test "x$krait_wanted" != xno], [
	AC_MSG_CHECKING([for $1 intrinsics])
	krait_saved_cflags=$CFLAGS
	CFLAGS="$CFLAGS $2"
	AC_COMPILE_IFELSE([AC_LANG_SOURCE([$3])], [have_$1=yes])
	CFLAGS=$krait_saved_cflags
	AC_MSG_RESULT([$have_$1])])
AS_IF([test "x$have_$1" = xyes], [AC_DEFINE([HAVE_$1], [1], [Define to 1 to build the $1 kernels.])])
AM_CONDITIONAL([HAVE_$1], [test "x$have_$1" = xyes])
AC_SUBST([$1_CFLAGS], ["$2"])
])

# KRAIT_MISSES(WHAT, WHY, PACKAGE): notes that WHAT is not there; KRAIT_STOP_IF_MISSING names all of it at once.
AC_DEFUN([KRAIT_MISSES], [
krait_missing="$krait_missing
  $1 ($2; Debian: $3)"
krait_packages="$krait_packages $3"
])

# KRAIT_NEED_MODULE(NAME, MODULE, PACKAGE, WHY): a pkg-config module that must be there.
AC_DEFUN([KRAIT_NEED_MODULE], [
PKG_CHECK_MODULES([$1], [$2], [:], [KRAIT_MISSES([$2], [$4], [$3])])
])

AC_DEFUN([KRAIT_STOP_IF_MISSING], [
AS_IF([test -n "$krait_missing"], [AC_MSG_ERROR([not found:$krait_missing
On Debian: apt-get install$krait_packages])])
])
