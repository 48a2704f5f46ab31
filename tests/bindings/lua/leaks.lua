-- SPDX-License-Identifier: Apache-2.0
-- leaks.lua - what is opened again and again leaves nothing behind.
local krait, kit = require "krait", require "kit"

local function resident()
	collectgarbage()
	collectgarbage()
	local file = assert(io.open("/proc/self/statm"))
	local _, pages = file:read("*n", "*n")
	file:close()
	return pages * 4096
end

-- Garbage that lies between the library's blocks keeps the C library from using their place again, so it is
-- collected each time.
local function flat(n, work)
	local before
	for i = 1, n + n / 10 do
		if i == n / 10 then before = resident() end
		work()
		collectgarbage()
	end
	local more = resident() - before
	assert(more < 2 ^ 21, more .. " bytes more")
end

kit.test("10000 models opened and closed, with a session each", function()
	flat(10000, function()
		local model = assert(krait.open(kit.tiny, { threads = 1 }))
		local session = assert(model:session())
		assert(session:feed { 1 })
		session:close()
		model:close()
	end)
end)

kit.test("10000 sessions of one model, each with a fork and a state", function()
	local model = assert(krait.open(kit.tiny, { threads = 1 }))
	flat(10000, function()
		local session = assert(model:session { seed = 1 })
		assert(session:feed { 1, 2, 3 })
		local state = assert(session:snapshot())
		local fork = assert(session:fork())
		assert(fork:restore(state))
		assert(not session:feed { -5 })
		for _, handle in ipairs { session, state, fork } do handle:close() end
	end)
end)

kit.test("sessions, states and chats that the collector frees", function()
	flat(1000, function()
		local session = assert(kit.demo:session { seed = 1 })
		assert(session:feed { 1 })
		assert(session:fork():restore(assert(session:snapshot())))
		assert(kit.demo:tokenizer():encode("Once upon a time"))
		local chat = assert(kit.demo:chat())
		assert(chat:add("user", "hello") and chat:render())
	end)
end)

kit.test("calls that fail", function()
	local session = assert(kit.demo:session())
	flat(1500, function()
		assert(not krait.open("/no/such"))
		assert(not kit.demo:read(("x"):rep(1000)))
		assert(not session:feed { 1, 2, 9999 })
		assert(not pcall(session.feed, session, { 1, "x" }))
		assert(not pcall(krait.open, kit.tiny, { progress = function() error("stop") end }))
		assert(not krait.open(kit.tiny, { progress = function() return true end }))
	end)
end)
