# SPDX-License-Identifier: Apache-2.0
"""Sessions, states, samplers and batches."""
import array
import importlib.util
import math
import os

import kit
import krait


class Sessions(kit.TestCase):
    def setUp(self):
        self.session = kit.demo().session(temperature=0.8, top_p=0.9, seed=11)
        self.session.feed("Once upon a time")

    def same(self, a, b):
        self.assertEqual(a.position, b.position)
        self.assertEqual(a.hidden().tobytes(), b.hidden().tobytes())

    def test_settings(self):
        defaults = {"top_k": 0, "min_p": 0, "typical_p": 1, "repetition_penalty": 1,
                    "presence_penalty": 0, "frequency_penalty": 0, "max_new_tokens": 0, "keep_positions": 0,
                    "rewind_tokens": 1}
        session = kit.demo().session()
        for name, value in defaults.items():
            self.assertEqual(getattr(session, name), value, name)
        session.set(temperature=0, top_k=5, seed=(1 << 62) + 1)
        self.assertEqual((session.temperature, session.top_k, session.seed), (0.0, 5, (1 << 62) + 1))
        with self.assertRaises(krait.ArgumentError):
            session.temperature = -1
        for name, value, text in [("top_k", 1.5, "^top_k takes an integer, not 1.5$"), ("seed", "x", "^seed takes"),
                                  ("temperature", "hot", "^temperature takes a number, not 'hot'$"), ("top_p", None, "^top_p takes")]:
            with self.assertRaisesRegex(TypeError, text):
                setattr(session, name, value)
        with self.assertRaisesRegex(TypeError, "no setting 'temprature'"):
            session.set(seed=3, temprature=1)
        self.assertEqual(session.seed, (1 << 62) + 1)

    def test_three_ways_to_generate(self):
        a, b, c = self.session, self.session.fork(), self.session.fork()
        tokens = a.tokens(30)
        self.assertEqual(len(tokens), 30)
        text = "".join(b.generate(30))
        self.assertEqual(a.piece, text)
        iterator = iter(c)
        self.assertEqual([next(iterator) for _ in range(30)], tokens)
        self.assertEqual(kit.demo().tokenizer.decode(tokens), text)
        self.same(a, c)

    def test_limit(self):
        self.session.max_new_tokens = 3
        self.assertEqual(len(list(self.session)), 3)
        self.assertEqual(self.session.end_reason, krait.REASON_LIMIT)
        self.assertIsNone(self.session.next())
        self.session.feed(" and")
        self.assertEqual(self.session.end_reason, krait.REASON_NONE)
        self.assertEqual(len(self.session.tokens(10)), 3)

    def test_stops(self):
        self.session.temperature = 0
        whole = "".join(self.session.fork().generate(40))
        by_text = self.session.fork()
        by_text.add_stop("shone")
        self.assertIn("shone", whole)
        self.assertEqual("".join(by_text.generate()), whole[:whole.index("shone")])
        self.assertEqual(by_text.end_reason, krait.REASON_STOP_TEXT)
        tokens = self.session.fork().tokens(10)
        by_token = self.session.fork()
        by_token.add_stop(tokens[4])
        self.assertEqual(by_token.tokens(10), tokens[:tokens.index(tokens[4])])
        self.assertEqual(by_token.end_reason, krait.REASON_STOP)
        by_token.clear_stops()
        self.assertEqual(by_token.end_reason, krait.REASON_STOP)
        by_token.feed([1])
        self.assertEqual(len(by_token.tokens(3)), 3)

    def test_bytes_and_text(self):
        a, b = kit.demo().session(), kit.demo().session()
        a.feed("Caf\u00e9 \u4f60\u597d")
        b.feed("Caf\u00e9 \u4f60\u597d".encode())
        self.same(a, b)
        a.feed("zero \0 inside")
        self.assertEqual(a.position - b.position, len(kit.demo().tokenizer.encode("zero \0 inside")))
        session = kit.demo().session(temperature=0)
        ids = kit.demo().tokenizer.encode("\u4f60")
        self.assertGreater(len(ids), 1)
        session.feed("x")
        pieces = []
        for token in ids:
            session.set_bias(token, 1e6)
            self.assertEqual(session.next(), token)
            session.set_bias(token, 0)
            pieces.append((session.piece, session.piece_bytes))
        self.assertEqual(pieces[-1], ("\u4f60", "\u4f60".encode()))
        self.assertEqual([piece for piece, _ in pieces[:-1]], [""] * (len(ids) - 1))
        with_special = kit.demo().session()
        with_special.feed("<|endoftext|>", parse_special=True)
        self.assertEqual(with_special.position, 1)

    def test_rewind_and_reset(self):
        there = self.session.fork()
        self.session.tokens(20)
        self.session.rewind(20)
        self.same(self.session, there)
        with self.assertRaises(krait.ArgumentError):
            self.session.rewind(10000)
        self.session.reset()
        self.assertEqual(self.session.position, 0)
        self.session.feed("Once upon a time")
        self.assertEqual(self.session.tokens(5), there.tokens(5))

    def test_states(self):
        model = kit.demo()
        self.session.set_note(b"mine \0 own")
        state = self.session.snapshot()
        self.assertEqual((state.position, state.note), (self.session.position, b"mine \0 own"))
        following = self.session.tokens(12)
        path = os.path.join(self.folder(), "caf\u00e9.state")
        state.save(path)
        written = bytes(state)
        self.assertEqual(len(written), state.size)
        into = bytearray(state.size + 3)
        state.write(into)
        self.assertEqual(bytes(into[:-3]), written)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), written)
        for again in model.load(path), model.load(os.fsencode(path)), model.read(written), model.read(memoryview(written)), state:
            session = model.session()
            session.restore(again)
            self.assertEqual(session.tokens(12), following)
            self.assertEqual(again.note, b"mine \0 own")
        with self.assertRaises(krait.SpaceError):
            state.write(bytearray(3))
        long = bytes(range(256)) * 100
        self.session.set_note(bytearray(long))
        self.assertEqual(self.session.snapshot().note, long)
        with self.assertRaises(krait.ArgumentError):
            self.session.set_note(bytes((1 << 20) + 1))

    def test_cancel_is_kept_for_the_next_call(self):
        self.session.cancel()
        with self.assertRaises(krait.Cancelled):
            self.session.next()
        self.assertIsNotNone(self.session.next())
        self.session.cancel()
        with self.assertRaises(krait.Cancelled):
            self.session.feed([1])


    def test_a_cancel_that_came_too_late_can_be_forgotten(self):
        self.session.cancel()
        self.session.cancel_clear()
        self.assertIsNotNone(self.session.next())
        self.session.cancel()
        self.session.cancel_clear()
        self.session.feed([1])

    def test_feed_to(self):
        encode, session = kit.demo().tokenizer.encode, kit.demo().session()
        first = encode("Once upon a time there was a wolf who lived in a wood.")
        self.assertEqual(session.feed_to(first), 0)
        second = first[:-5] + encode(" went away.")
        for tokens in first, second, second[:3], first:
            reused = session.feed_to(tokens)
            self.assertTrue(0 <= reused <= len(tokens))
            there = kit.demo().session()
            there.feed(tokens)
            self.same(session, there)
            self.assertEqual(session.feed_to(array.array("i", tokens)), len(tokens))
            self.same(session, there)
        with self.assertRaisesRegex(krait.ArgumentError, "9999"):
            session.feed_to(first[:2] + [9999])
        self.same(session, there)

    def test_copy_from(self):
        other = kit.demo().session(seed=99, temperature=0)
        other.feed("A fox")
        self.session.tokens(3)
        other.copy_from(self.session)
        self.same(other, self.session)
        self.assertEqual((other.seed, other.temperature), (11, 0.8))
        self.assertEqual(other.tokens(8), self.session.tokens(8))
        self.session.copy_from(self.session)
        self.same(other, self.session)
        with self.assertRaises(krait.MismatchError):
            other.copy_from(krait.Model(kit.TINY).session())
        self.same(other, self.session)

    def test_flush(self):
        first, *rest = kit.demo().tokenizer.encode("\u4f60")
        self.assertTrue(rest)
        self.session.set_bias(first, 1e6)
        self.assertEqual((self.session.next(), self.session.piece), (first, ""))
        self.assertEqual((self.session.flush(), self.session.flush()), ("\ufffd", ""))
        self.session.set_bias(first, 0)
        self.assertEqual(len(self.session.tokens(3)), 3)

    def test_logprobs(self):
        self.session.temperature = 0.5
        logits = kit.flat(self.session.logits())
        total = math.log(sum(math.exp(x) for x in logits))
        top = self.session.top(5)
        self.assertEqual([token for token, _ in top], sorted(range(len(logits)), key=lambda i: (-logits[i], i))[:5])
        for token, logprob in top + [(7, self.session.logprob(7))]:
            self.assertAlmostEqual(logprob, logits[token] - total, delta=1e-4)
            self.assertAlmostEqual(self.session.logprob(token), logprob, delta=1e-6)
        self.assertEqual((len(self.session.top()), len(self.session.top(10 ** 4))), (10, len(logits)))
        token = self.session.next()
        self.assertAlmostEqual(self.session.drawn_logprob, logits[token] - total, delta=1e-4)
        self.assertLessEqual(self.session.drawn_chance, 0)
        self.assertNotAlmostEqual(self.session.drawn_chance, self.session.drawn_logprob, delta=1e-3)
        self.session.feed([1])
        self.assertEqual((self.session.drawn_logprob, self.session.drawn_chance), (None, None))
        with self.assertRaises(krait.ArgumentError):
            self.session.logprob(5000)
        with self.assertRaisesRegex(krait.ArgumentError, "nothing was fed"):
            kit.demo().session().top()

    def test_rows_and_sizes(self):
        session = kit.demo().session(keep_positions=3)
        self.assertEqual(session.rows, 0)
        for n, rows in (2, 2), (5, 3):
            session.feed([1] * n)
            self.assertEqual((session.rows, session.logits().shape), (rows, (rows, 4096)))
        kind = type(importlib.import_module("numpy").zeros(1)) if importlib.util.find_spec("numpy") else memoryview
        self.assertEqual({type(session.hidden()), type(session.score([1]))}, {kind})
        self.assertEqual(session.state_size, session.snapshot().size)
        self.assertEqual(kit.demo().state_growth, 0)
        self.assertEqual(kit.demo().state_size_at(0), kit.demo().state_size)
        self.assertEqual(kit.demo().state_size_at(1), kit.demo().state_size_at(2**64 - 1))

    def test_settings_of_the_model(self):
        """The demo model's own stop is token 0; what else a new session begins with it says itself."""
        fresh = kit.demo().session()
        session = kit.demo().session(temperature=0, top_k=3)
        session.clear_stops()
        session.set_bias(5, 1e6)
        session.reset_settings()
        self.assertEqual((session.temperature, session.top_p, session.top_k), (fresh.temperature, fresh.top_p, 0))
        session.set_bias(0, 1e6)
        session.feed("Once")
        self.assertEqual((session.next(), session.end_reason), (None, krait.REASON_STOP))
        self.assertEqual(kit.demo().stops, [0])
        self.assertTrue(kit.demo().tokenizer.is_special(0))
        self.assertFalse(kit.demo().tokenizer.is_special(100))
        other = kit.demo().session(temperature=0.25, top_p=0.5)
        other.set_sampler(kit.demo().sampler())
        self.assertEqual((other.temperature, other.top_p), (fresh.temperature, fresh.top_p))

    def test_seeds(self):
        seeds = {kit.demo().session().seed for _ in range(5)}
        self.assertEqual(len(seeds), 5)
        session = kit.demo().session()
        self.assertEqual(session.fork().seed, session.seed)

    def test_bounds(self):
        for name, value in ("top_p", 1), ("temperature", 0), ("threads", 2), ("max_new_tokens", 7), ("prompt_tokens", 1):
            low, high = krait.bounds(name)
            self.assertTrue(low <= value <= high, name)
        self.assertEqual(krait.bounds("top_p")[1], 1)
        with self.assertRaisesRegex(TypeError, "'colour'"):
            krait.bounds("colour")
        with self.assertRaises(krait.UnsupportedError):
            krait.bounds("weights")


class Samplers(kit.TestCase):
    def test_golden(self):
        for name in "normal-0", "ties", "three-best":
            file = kit.read_json("samplers", name + ".json")
            logits = array.array("f", [float(x) for x in file["logits"]])
            for case in file["cases"]:
                settings = dict(case["settings"])
                bias = settings.pop("logit_bias", {})
                sampler = krait.Sampler(**settings)
                for token, value in bias.items():
                    sampler.set_bias(int(token), value)
                probs = sampler.probs(logits, case["history"])
                found = {token: p for token, p in enumerate(probs) if p > 0}
                expected = {token: p for token, p in zip(case["support"], case["probs"]) if p > 1e-30}
                if name == "normal-0":
                    self.assertLessEqual(set(expected), set(found))
                    self.assertLessEqual(set(found), set(case["support"]))
                    self.assertIn(sampler.pick(logits, case["history"], 7), case["support"])
                else:  # of equals, others may be chosen
                    found, expected = [dict(enumerate(sorted(ps.values(), reverse=True))) for ps in (found, expected)]
                for token, p in expected.items():
                    self.assertAlmostEqual(found[token], p, delta=1e-6)

    def test_in_a_session(self):
        a, b = kit.demo().session(temperature=0.5, top_k=7, top_p=1, seed=3), kit.demo().session()
        b.set_sampler(krait.Sampler(temperature=0.5, top_k=7, seed=3))
        for session in a, b:
            session.feed("Once")
        self.assertEqual(a.tokens(20), b.tokens(20))
        with self.assertRaises(AttributeError):
            krait.Sampler().temperature
        with self.assertRaises(krait.ArgumentError):
            krait.Sampler(top_p=7)
        with self.assertRaises(TypeError):
            krait.Sampler(max_new_tokens=7)
        out = array.array("f", bytes(8))
        self.assertIs(krait.Sampler().probs(array.array("f", [0, 0]), out=out), out)
        self.assertEqual(list(out), [0.5, 0.5])


class Embeddings(kit.TestCase):
    def test_as_alone(self):
        model, texts = kit.demo(), ["Once upon a time", "The king", [1, 2, 3]]
        vectors = model.embed(texts)
        self.assertEqual(memoryview(vectors).shape, (3, model.width))
        for i, text in enumerate(texts):
            session = model.session()
            session.feed(text)
            self.assertEqual(memoryview(vectors).cast("B")[i * 4 * model.width:(i + 1) * 4 * model.width].tobytes(),
                             session.hidden().tobytes())
        mean = array.array("f", bytes(8 * model.width))
        self.assertIs(model.embed(iter(texts[:2]), "mean", normalise=True, out=mean), mean)
        for i in range(2):
            self.assertAlmostEqual(sum(x * x for x in mean[i * model.width:(i + 1) * model.width]), 1, 5)
        self.assertEqual(model.embed([]), [])

    def test_errors(self):
        model = kit.demo()
        self.assertRaises(TypeError, model.embed, "one text")
        self.assertRaises(ValueError, model.embed, ["a"], "middle")
        with self.assertRaisesRegex(krait.ArgumentError, "text 1 has no tokens"):
            model.embed([[1], []])
        with self.assertRaisesRegex(krait.ArgumentError, "text 1: .*99999"):
            model.embed([[1], [2, 99999]])
        with self.assertRaises(krait.SpaceError):
            model.embed([[1]], out=array.array("f", [0]))
        with self.assertRaises(krait.UnsupportedError):
            krait.Model(os.path.join(kit.DATA, "golden", "mamba1-hf-bf16")).embed(["text"])


class Batches(kit.TestCase):
    def test_as_alone(self):
        model = kit.demo()
        texts = ["Once upon a time", "The king", "A wolf and a fox went to the"]
        alone, together = [], []
        for i, text in enumerate(texts):
            for kind in alone, together:
                kind.append(model.session(seed=i))
        batch = model.batch()
        for session, text in zip(together, texts):
            batch.add(session, model.tokenizer.encode(text))
        self.assertEqual(len(batch), 3)
        self.assertEqual(batch.run(), [(krait.OK, -1)] * 3)
        rows = []
        for _ in range(10):
            for session in together:
                batch.add(session)
            rows.append([token for _, token in batch.run()])
        for i, (session, text) in enumerate(zip(alone, texts)):
            session.feed(text)
            self.assertEqual(session.tokens(10), [row[i] for row in rows])
            self.assertEqual(session.hidden().tobytes(), together[i].hidden().tobytes())

    def test_errors(self):
        model = kit.demo()
        batch, session = model.batch(), model.session()
        batch.add(session, [1])
        with self.assertRaisesRegex(krait.ArgumentError, "already"):
            batch.add(session)
        with self.assertRaisesRegex(krait.ArgumentError, "another model"):
            batch.add(krait.Model(kit.TINY).session())
        with self.assertRaises(IndexError):
            batch[1]
        batch.clear()
        self.assertEqual(len(batch), 0)
        with self.assertRaisesRegex(TypeError, "'colour'"):
            batch.set(colour=1)
        with self.assertRaisesRegex(TypeError, "^prompt_tokens takes"):
            model.batch(prompt_tokens="few")
        with self.assertRaises(krait.ArgumentError):
            batch.set(prompt_tokens=-1)

    def test_scores_and_logits(self):
        model = kit.demo()
        tokens = model.tokenizer.encode("Once upon a time there was a wolf.")
        alone, others = model.session(), [model.session(seed=i) for i in range(2)]
        expected = alone.score(tokens)
        others[1].feed("The king")
        batch, mine = model.batch(keep_logits=True), array.array("f", bytes(4 * len(tokens)))
        scores = batch.add_score(others[0], tokens)
        batch.add(others[1])
        batch.run()
        self.assertEqual(kit.flat(scores)[1:], kit.flat(expected)[1:])
        self.assertTrue(math.isnan(scores[0]))
        self.assertEqual(kit.flat(batch.logits(0)), kit.flat(alone.logits()))
        self.assertEqual(kit.flat(batch.logits(1)), kit.flat(others[1].logits()))
        others[0].reset()
        self.assertIs(batch.add_score(others[0], iter(tokens), mine), mine)
        with self.assertRaises(BufferError):
            mine.append(0)
        batch.run()
        self.assertEqual(mine[1:], kit.flat(expected)[1:])
        with self.assertRaises(krait.SpaceError):
            batch.add_score(others[1], tokens, array.array("f", [0]))
        with self.assertRaises(krait.ArgumentError):
            batch.logits(7)

    def test_a_long_prompt_in_parts(self):
        model = kit.demo()
        batch = model.batch(prompt_tokens=8)
        reader, writer = model.session(), model.session(temperature=0)
        alone, told = model.session(), model.session(temperature=0)
        tokens = model.tokenizer.encode("Once upon a time there was a wolf who lived in a wood, and a fox who did not.")
        self.assertGreater(len(tokens), 16)
        alone.feed(tokens)
        for session in writer, told:
            session.feed("The king")
        batch.add(reader, tokens)
        batch.add(writer)
        made, runs = [], 0
        while True:
            results, runs = batch.run(), runs + 1
            made += [token for _, token in results if token >= 0]
            if not batch.left(0):
                break
            self.assertLess(reader.position, len(tokens))
            batch.add(writer)
        self.assertGreaterEqual(runs, len(tokens) // 8)
        self.assertEqual(reader.hidden().tobytes(), alone.hidden().tobytes())
        self.assertEqual(made, told.tokens(runs))
        ended = model.session(max_new_tokens=1)
        ended.feed([1])
        ended.next()
        batch.add(ended)
        self.assertEqual(batch.run(), [(krait.END, -1)])
