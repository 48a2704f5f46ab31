# SPDX-License-Identifier: Apache-2.0
# The reference, made from the comments of the public headers: manual pages and HTML. A tarball
# carries both, so that only a checkout needs python3 for them; without it they are left out.
reference_scripts = docs/reference/make.py docs/reference/header.py docs/reference/text.py \
	docs/reference/audit.py docs/reference/manual.py docs/reference/pages.py
reference_from = include/krait.h include/krait_experimental.h docs/state-format.md $(reference_scripts)
EXTRA_DIST += $(reference_scripts)

if HAVE_REFERENCE
reference_man = man/krait_status.3 man/krait_library.3 man/krait_options.3 man/krait_devices.3 man/krait_installed.3 man/krait_model.3 \
	man/krait_session.3 man/krait_state.3 man/krait_sampler.3 man/krait_batch.3 man/krait_tokenizer.3 \
	man/krait_decoder.3 man/krait_chat.3 man/krait_experimental.3 man/krait-state.5 man/krait.7
dist_man_MANS += $(reference_man)
EXTRA_DIST += man/links

reference_pages = docs/html/style.css docs/html/abi.html docs/html/building-with.html docs/html/state-format.html \
	docs/html/python.html docs/html/lua.html docs/html/go.html docs/html/rust.html \
	docs/html/krait_status.html docs/html/krait_library.html docs/html/krait_options.html \
	docs/html/krait_devices.html docs/html/krait_installed.html docs/html/krait_model.html docs/html/krait_session.html \
	docs/html/krait_state.html docs/html/krait_sampler.html docs/html/krait_batch.html \
	docs/html/krait_tokenizer.html docs/html/krait_decoder.html docs/html/krait_chat.html \
	docs/html/krait_experimental.html
htmlrefdir = $(htmldir)/reference
own_folders += $(htmlrefdir)
uninstall_first = uninstall-reference-links
dist_htmlref_DATA = docs/html/index.html $(reference_pages)
html-local: docs/html/index.html

# One run makes all pages of a kind. Without python3 old pages serve on.
make_reference = test -z '$(PYTHON3)' || $(PYTHON3) -B $(srcdir)/docs/reference/make.py
man/links: $(reference_from) man/krait.1
	$(AM_V_GEN)$(make_reference) man $(srcdir) man
$(reference_man): man/links
docs/html/index.html: $(reference_from) docs/abi.md docs/building-with.md docs/python.md docs/lua.md docs/go.md docs/rust.md
	$(AM_V_GEN)$(make_reference) html $(srcdir) docs/html
$(reference_pages): docs/html/index.html

# man krait_session_feed: a page that sends on to its topic's.
install-data-hook:
	@list=man/links; test -f $$list || list='$(srcdir)/man/links'; \
	while read -r name page; do \
		echo ".so man3/$$page.3" >"$(DESTDIR)$(man3dir)/$$name.3" || exit 1; \
	done <$$list
uninstall-reference-links:
	@list=man/links; test -f $$list || list='$(srcdir)/man/links'; \
	while read -r name page; do rm -f "$(DESTDIR)$(man3dir)/$$name.3"; done <$$list
MAINTAINERCLEANFILES = $(reference_man) man/links docs/html/index.html $(reference_pages)
else
dist-hook:
	@echo "A tarball carries the reference, which python3 makes: install python3 and configure again." >&2; exit 1
endif
