-- SPDX-License-Identifier: Apache-2.0
-- threads.lua - threads, each with a Lua of its own, and what only a process of its own can show.
local krait, kit, system = require "krait", require "kit", require "system"
local test, same = kit.test, kit.same

-- Each thread loads the module, opens the model and tells its story; odd ones tell the same.
local story = ([[
	local index = ...
	package.path, package.cpath = %q, %q
	local krait = require "krait"
	local model = assert(krait.open(%q, { threads = 1 }))
	local out = {}
	for round = 1, 3 do
		local session = assert(model:session { seed = index %% 2 })
		assert(session:feed("Once upon a time"))
		for piece in session:generate(20) do table.insert(out, piece) end
		assert(session:restore(assert(session:snapshot())))
		assert(session:fork()):close()
		local nothing, _, status = krait.open("/no/such")
		assert(nothing == nil and status == krait.ERROR_NOT_FOUND)
		collectgarbage()
	end
	return table.concat(out)
]]):format(package.path, package.cpath, kit.source .. "/models/demo")

test("threads, each with a Lua of its own, tell what one tells alone", function()
	local together = system.threads(8, story)
	local alone = { assert((loadstring or load)(story))(1), assert((loadstring or load)(story))(2) }
	assert(alone[1] ~= alone[2] and #alone[1] > 100)
	for i = 1, 8 do same(together[i], alone[(i - 1) % 2 + 1], "thread " .. i) end
end)

-- What happened in a child process.
local function child(fn)
	local good, text = system.child(fn)
	assert(good, text)
	return text
end

test("KRAIT_ERROR_FORKED", function()
	local session = assert(kit.demo:session())
	assert(session:feed { 1 })
	same(child(function()
		local token, text, status = session:next()
		assert(token == nil and text:find("open the model anew", 1, true), text)
		return krait.status_name(status)
	end), "KRAIT_ERROR_FORKED")
	assert(session:next())
end)

test("KRAIT_ERROR_MEMORY", function()
	same(child(function()
		local model = assert(krait.open(kit.tiny, { threads = 1 }))
		local session = assert(model:session())
		system.limit(2 * 2 ^ 20)
		local other, text, status = krait.open(kit.source .. "/models/demo", { map = false, threads = 1 })
		assert(other == nil and text:find("out of memory", 1, true), text)
		assert(session:feed { 1 })
		return krait.status_name(status)
	end), "KRAIT_ERROR_MEMORY")
end)
