# Tests of the bindings: suites in the languages themselves, each run by a script, and hellos against
# an installed copy.
AM_TESTS_ENVIRONMENT += MISSING_PYTHON='$(MISSING_PYTHON)'; PYTHON='$(PYTHON)'; MISSING_LUA='$(MISSING_LUA)'; LUA='$(LUA)'; \
	pythondir='$(pythondir)'; luadir='$(luadir)'; luaexecdir='$(luaexecdir)'; libdir='$(libdir)'; \
	export MISSING_PYTHON PYTHON MISSING_LUA LUA pythondir luadir luaexecdir libdir;
bindings_tests = %D%/python.sh %D%/stubs.sh %D%/lua.sh %D%/lua_leaks.sh %D%/lua_others.sh %D%/hello.sh
TESTS += $(bindings_tests)
EXTRA_DIST += $(bindings_tests) %D%/kit.sh \
	%D%/python/kit.py %D%/python/test_api.py %D%/python/test_golden.py %D%/python/test_session.py \
	%D%/python/test_text.py %D%/python/test_threads.py %D%/python/test_signals.py %D%/lua/kit.lua %D%/lua/suite.lua %D%/lua/leaks.lua \
	%D%/lua/threads.lua %D%/lua/system.c
