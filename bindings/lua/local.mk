# lua/ - krait/core.so from SWIG, krait.lua by hand.
EXTRA_DIST += %D%/lua.i %D%/krait.lua %D%/examples/hello.lua
if HAVE_LUA_BINDING
kraitlua_DATA = %D%/krait.lua
kraitluadir = $(luadir)
kraitluaexecdir = $(luaexecdir)/krait
own_folders += $(kraitluaexecdir) $(luadir)
kraitluaexec_LTLIBRARIES = %D%/core.la
nodist_bindings_lua_core_la_SOURCES = %D%/krait_lua.c
bindings_lua_core_la_CPPFLAGS = -I$(top_srcdir)/include $(LUA_CFLAGS)
bindings_lua_core_la_CFLAGS = $(binding_cflags)
bindings_lua_core_la_LDFLAGS = $(binding_ldflags)
bindings_lua_core_la_DEPENDENCIES = libkrait.la
module_notes += $(kraitluaexecdir)/core.la
CLEANFILES += %D%/krait_lua.c

%D%/krait_lua.c: $(swig_sources) %D%/lua.i
	$(AM_V_GEN)$(MKDIR_P) %D% && $(SWIG) -lua $(swig_flags) -no-old-metatable-bindings -module krait_core -o $@ $(top_srcdir)/bindings/krait.i
endif
