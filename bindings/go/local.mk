# go/ - the package krait, and below it internal/raw from SWIG. Installed as source, as Go has it.
go_files = %D%/go.mod %D%/batch.go %D%/cancel.go %D%/chat.go %D%/constants.go %D%/embed.go %D%/errors.go %D%/generate.go \
	%D%/handle.go %D%/info.go %D%/likely.go %D%/model.go %D%/options.go %D%/session.go %D%/settings.go %D%/state.go %D%/text.go
go_tests = %D%/errors_test.go %D%/golden_test.go %D%/moves_test.go %D%/session_test.go %D%/support_test.go %D%/threads_test.go
go_raw_files = %D%/internal/raw/callbacks.go %D%/internal/raw/scores.go
go_suite = tests/bindings/go.sh
EXTRA_DIST += %D%/go.i $(go_files) $(go_tests) $(go_raw_files) %D%/examples/hello.go $(go_suite)
TESTS += $(go_suite)
if HAVE_GO_BINDING
go_made = %D%/internal/raw/krait.go %D%/internal/raw/krait_wrap.c
krait_godir = $(gocodedir)/src/krait
krait_go_DATA = $(go_files)
krait_gorawdir = $(krait_godir)/internal/raw
own_folders += $(krait_gorawdir)
krait_goraw_DATA = $(go_raw_files) $(go_made)
CLEANFILES += $(go_made)

# The folder that SWIG was run in is no concern of the package's.
%D%/internal/raw/krait.go: $(swig_sources) %D%/go.i
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SWIG) -go -cgo $(swig_flags) -package raw -outdir $(@D) \
		-o $(@D)/krait_wrap.c $(top_srcdir)/bindings/krait.i && \
	sed 's,^// source: .*,// source: krait.i,' $@ >$@.tmp && mv $@.tmp $@
%D%/internal/raw/krait_wrap.c: %D%/internal/raw/krait.go
	@test -f $@ || { rm -f $<; $(MAKE) $(AM_MAKEFLAGS) $<; }
endif
