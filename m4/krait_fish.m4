# SPDX-License-Identifier: Apache-2.0
# krait_fish.m4 - where fish looks for completions.

# KRAIT_FISH_COMPLETION: below the prefix, or, for /usr/local, where the fish that is here looks for what an
# administrator adds: Debian's searches nothing of /usr/local unless XDG_DATA_DIRS says so.
AC_DEFUN([KRAIT_FISH_COMPLETION], [
AC_ARG_WITH([fishcompletiondir],
	[AS_HELP_STRING([--with-fishcompletiondir=DIR], [where the completion for fish goes (default: where fish looks for it)])],
	[fishcompletiondir=$withval], [fishcompletiondir=])
AC_PATH_PROG([FISH], [fish])
AS_IF([test -z "$fishcompletiondir"], [
	fishcompletiondir='${datadir}/fish/vendor_completions.d'
	krait_prefix=$prefix
	test "x$krait_prefix" != xNONE || krait_prefix=$ac_default_prefix
	AS_IF([test "x$krait_prefix" = x/usr/local && test -n "$FISH"], [
		AC_MSG_CHECKING([where $FISH looks for completions])
		krait_searched=`env -u XDG_DATA_DIRS -u XDG_CONFIG_HOME HOME="$PWD/conftest.home" "$FISH" -c 'string join \n $fish_complete_path' 2>/dev/null </dev/null`
		rm -rf conftest.home
		krait_newline='
'
		AS_CASE([$krait_newline$krait_searched$krait_newline],
			[*$krait_newline/usr/local/share/fish/vendor_completions.d$krait_newline*], [],
			[*$krait_newline/etc/fish/completions$krait_newline*], [fishcompletiondir=/etc/fish/completions])
		AC_MSG_RESULT([$fishcompletiondir])])])
AC_SUBST([fishcompletiondir])
])
