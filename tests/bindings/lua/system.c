/* SPDX-License-Identifier: Apache-2.0 */
/*
 * system.c - what Lua itself has not and the tests of its binding need: threads, each with a Lua of its
 * own, a child process, a limit on memory. For Lua 5.1 to 5.4 and LuaJIT.
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_THREADS 16

struct job {
	pthread_t thread;
	const char *source;
	int index;
	int failed;
	char told[4096];
};

/* Runs a job's source in a new Lua, with its index as the argument; keeps what it returns. */
static void *run(void *arg)
{
	struct job *job = arg;
	lua_State *L = luaL_newstate();
	const char *told;

	if (!L)
		return NULL;
	luaL_openlibs(L);
	if (luaL_loadstring(L, job->source) == 0) {
		lua_pushinteger(L, job->index);
		job->failed = lua_pcall(L, 1, 1, 0);
	}
	told = lua_tostring(L, -1);
	snprintf(job->told, sizeof(job->told), "%s", told ? told : "nothing");
	lua_close(L);
	return NULL;
}

/* threads(n, source): a list of what each returned; an error with the first that failed. */
static int threads(lua_State *L)
{
	static struct job jobs[MAX_THREADS];
	int n = (int)luaL_checkinteger(L, 1), n_started = 0;
	const char *source = luaL_checkstring(L, 2);

	luaL_argcheck(L, n > 0 && n <= MAX_THREADS, 1, "from 1 to 16");
	for (int i = 0; i < n; i++) {
		jobs[i] = (struct job){ .source = source, .index = i + 1, .failed = 1 };
		if (pthread_create(&jobs[i].thread, NULL, run, &jobs[i]) != 0)
			break;
		n_started++;
	}
	for (int i = 0; i < n_started; i++)
		pthread_join(jobs[i].thread, NULL);
	lua_newtable(L);
	for (int i = 0; i < n; i++) {
		if (i >= n_started || jobs[i].failed)
			return luaL_error(L, "thread %d: %s", i + 1, jobs[i].told);
		lua_pushstring(L, jobs[i].told);
		lua_rawseti(L, -2, i + 1);
	}
	return 1;
}

/* child(fn): calls fn in a child process. Whether it ended well, and the text that it returned or the error. */
static int child(lua_State *L)
{
	char told[4096];
	ssize_t n = 0, more;
	int pipes[2], status = 1;
	pid_t pid;

	luaL_checktype(L, 1, LUA_TFUNCTION);
	if (pipe(pipes) != 0 || (pid = fork()) < 0)
		return luaL_error(L, "no child");
	if (pid == 0) {
		int good = lua_pcall(L, 0, 1, 0) == 0;
		const char *text = lua_tostring(L, -1);

		if (!text || write(pipes[1], text, strlen(text)) < 0)
			good = 0;
		_exit(!good);
	}
	close(pipes[1]);
	while (n < (ssize_t)sizeof(told) && (more = read(pipes[0], told + n, sizeof(told) - (size_t)n)) > 0)
		n += more;
	close(pipes[0]);
	waitpid(pid, &status, 0);
	lua_pushboolean(L, status == 0);
	lua_pushlstring(L, told, (size_t)n);
	return 2;
}

/* limit(bytes): so many more bytes than now may be asked for. For a child, since it cannot be taken back. */
static int limit(lua_State *L)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;
	struct rlimit most;

	if (!file || fscanf(file, "%lu", &pages) != 1)
		return luaL_error(L, "/proc is not here");
	fclose(file);
	most.rlim_cur = most.rlim_max = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (rlim_t)luaL_checkinteger(L, 1);
	if (setrlimit(RLIMIT_AS, &most) != 0)
		return luaL_error(L, "no limit");
	return 0;
}

int luaopen_system(lua_State *L);
int luaopen_system(lua_State *L)
{
	lua_newtable(L);
	lua_pushcfunction(L, threads);
	lua_setfield(L, -2, "threads");
	lua_pushcfunction(L, child);
	lua_setfield(L, -2, "child");
	lua_pushcfunction(L, limit);
	lua_setfield(L, -2, "limit");
	return 1;
}
