# SPDX-License-Identifier: Apache-2.0
"""The package itself: its constants, its stubs, its errors, and what is open or closed."""
import ast
import copy
import os
import pickle
import re
import subprocess
import sys

import kit
import krait


class Names(kit.TestCase):
    def test_constants(self):
        with open(os.path.join(kit.SOURCE, "include", "krait.h"), encoding="utf-8") as file:
            found = re.findall(r"^#define (KRAIT_\w+)\s+\(?(-?\d+)", file.read(), re.M)
        self.assertGreaterEqual(len(found), 45)
        for name, value in found:
            self.assertEqual(getattr(krait, name[6:]), int(value), name)
            self.assertEqual(krait.constant(name), int(value), name)
        with self.assertRaises(krait.NotFoundError):
            krait.constant("KRAIT_NOTHING")

    def test_every_function(self):
        with open(os.path.join(kit.SOURCE, "include", "krait.h"), encoding="utf-8") as file:
            functions = re.findall(r"^KRAIT_API .*?\bkrait_(\w+)\(", file.read(), re.M)
        self.assertGreater(len(functions), 100)
        held = {name for name in functions if name.endswith(("_free", "_ref")) and name != "devices_memory_free"}
        self.assertEqual([name for name in functions if not hasattr(krait._krait, name)], [n for n in functions if n in held])

    def test_stubs(self):
        with open(os.path.join(os.path.dirname(krait.__file__), "__init__.pyi"), encoding="utf-8") as file:
            tree = ast.parse(file.read())
        self.assertTrue(os.path.exists(os.path.join(os.path.dirname(krait.__file__), "py.typed")))
        self.compare(krait, tree.body)

    def compare(self, owner, body):
        told = set()
        for node in body:
            if isinstance(node, ast.AnnAssign):
                told.add(node.target.id)
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                told.add(node.name)
            if isinstance(node, ast.ClassDef) and node.name != "Device":
                self.compare(getattr(krait._handle if node.name.startswith("_") else owner, node.name.lstrip("_")), node.body)
            if isinstance(node, ast.FunctionDef) and not node.decorator_list and not node.name.startswith("__"):
                code = getattr(owner, node.name).__code__
                names = [arg.arg for arg in node.args.args + node.args.kwonlyargs]
                self.assertEqual(list(code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]), names, node.name)
        here = {name for name in vars(owner) if not name.startswith("_")} - {"status"}
        self.assertEqual(here - told, set())
        self.assertEqual({name for name in told - set(dir(owner)) if not name.startswith("_")} - {"status"}, set())

    def test_library(self):
        self.assertRegex(krait.version(), r"^\d+\.\d+\.\d+$")
        self.assertEqual(krait.__version__, krait.version())
        self.assertEqual({krait.Session.__module__, krait.Error.__module__, krait.devices.__module__}, {"krait"})
        self.assertEqual(krait.status_name(krait.END), "KRAIT_END")
        devices = krait.devices()
        self.assertEqual(devices[0].name, "cpu")
        self.assertGreater(devices[0].memory, 0)
        demo = [model for model in krait.installed() if model.name == "demo"][0]
        self.assertTrue(demo.whole and demo.size > 1000000 and demo.path.endswith("/demo") and demo.about == "installed", demo)


class Models(kit.TestCase):
    def test_what_a_model_says(self):
        model = kit.demo()
        self.assertEqual((model.family, model.device, model.vocab_size, model.width), ("mamba", "cpu", 4096, 256))
        self.assertEqual(model.info["fingerprint"], model.fingerprint)
        self.assertEqual(model.info["n_parameters"], model.n_parameters)
        self.assertEqual(model.info["n_layers"], model.n_layers)
        self.assertGreater(model.memory(10), model.memory(1))
        self.assertGreater(model.state_size, 0)
        self.assertIsInstance(model.note, str)

    def test_options(self):
        with krait.Model(kit.TINY, threads=1, map=False, weights="f32", instructions="generic", device="cpu",
                         precision="exact") as model:
            self.assertIsNone(model.tokenizer)
            with self.assertRaises(krait.UnsupportedError):
                model.session().feed("text")
        tokenizer = os.path.join(kit.SOURCE, "models", "demo", "tokenizer.json")
        with krait.Model(kit.TINY.encode(), tokenizer=tokenizer) as model:
            self.assertEqual(len(model.tokenizer), 4096)
        with krait.Model(kit.TINY, inspect=True) as model:
            self.assertGreater(model.n_parameters, 0)
            with self.assertRaises(krait.UnsupportedError):
                model.session()
        for name, value, error, text in [
                ("threads", -1, krait.ArgumentError, "threads"), ("threads", "2", TypeError, "^threads takes an integer, not '2'$"),
                ("threads", 1.5, TypeError, "^threads takes an integer"), ("weights", 8, TypeError, "^weights takes a text, not 8$"),
                ("instructions", "mmx", krait.UnsupportedError, "mmx"), ("weights", "q4", krait.UnsupportedError, "weights 'q4'"),
                ("colour", 1, TypeError, "no option 'colour'"), ("threads", 1 << 64, OverflowError, "^threads")]:
            with self.assertRaisesRegex(error, text) as caught:
                krait.Model(kit.TINY, **{name: value})
            self.assertNotIn("KRAIT_", str(caught.exception))

    def test_callbacks(self):
        seen, lines = [], []
        with krait.Model(kit.TINY, progress=lambda done, total: seen.append((done, total)),
                         log=lambda level, text: lines.append((level, text))) as model:
            self.assertEqual(seen[-1][0], seen[-1][1])
            self.assertTrue(any(level == krait.LOG_INFO and "mamba2" in text for level, text in lines))
            self.assertIn(krait.LOG_WARNING, [level for level, text in lines])
            del seen[:]
            session = model.session()
            model.close()
            session.feed([1] * 5000)
            self.assertEqual(seen[-1], (5000, 5000))
        with self.assertRaises(krait.Cancelled):
            krait.Model(kit.TINY, progress=lambda done, total: True)

        def fail(*arguments):
            raise ZeroDivisionError("in a callback")
        with self.assertRaisesRegex(ZeroDivisionError, "in a callback"):
            krait.Model(kit.TINY, progress=fail)
        with self.assertRaisesRegex(ZeroDivisionError, "in a callback"):
            krait.Model(kit.TINY, log=fail)

    def test_an_exception_while_feeding(self):
        def stop(done, total):
            if total == 5000 and done > 1000:
                raise KeyError("enough")
        with krait.Model(kit.TINY, progress=stop) as model, model.session() as session:
            with self.assertRaisesRegex(KeyError, "enough"):
                session.feed([1] * 5000)
            self.assertTrue(1000 < session.position < 5000)
            session.feed([1])


class Closed(kit.TestCase):
    def test_closed_handles(self):
        model = krait.Model(kit.TINY)
        session = model.session()
        with session:
            session.feed([1])
        for call in session.next, session.reset, session.logits, session.cancel, lambda: session.position, lambda: session.seed:
            with self.assertRaisesRegex(ValueError, "session was closed"):
                call()
        session.close()
        model.close()
        with self.assertRaisesRegex(ValueError, "model was closed"):
            model.session()

    def test_any_order(self):
        model = krait.Model(kit.TINY)
        session, batch, chat = model.session(), model.batch(), model.chat()
        session.feed([1, 2, 3])
        state = session.snapshot()
        batch.add(session)
        del model, chat
        other = session.fork()
        session.close()
        self.assertEqual(batch.run()[0][0], krait.OK)
        other.restore(state)
        self.assertEqual(other.position, 3)

    def test_wrong_types(self):
        model = kit.demo()
        for call in (lambda: model.session().restore(7), lambda: krait._krait.session_next(model._handle),
                     lambda: krait._krait.session_next(7), lambda: krait._krait.session_new(object())):
            with self.assertRaises((TypeError, AttributeError)):
                call()
        with self.assertRaises(TypeError):
            model.session(colour=1)
        with self.assertRaises(ValueError):
            krait.Model("a\0b")
        with self.assertRaises(UnicodeEncodeError):
            model.session().feed("\ud800")


class Names_of_things(kit.TestCase):
    def test_typos_are_refused(self):
        model = kit.demo()
        things = (model, model.session(), model.tokenizer, model.chat(), model.batch(), krait.Sampler(),
                  model.session().snapshot(), model.tokenizer.decoder())
        for thing in things:
            with self.assertRaisesRegex(AttributeError, "temprature"):
                thing.temprature = 0.3
        with self.assertRaisesRegex(AttributeError, "temprature"):
            things[1].temprature

    def test_every_public_thing_is_documented(self):
        for name in ("Model", "Session", "State", "Sampler", "Batch", "Tokenizer", "Decoder", "Chat"):
            kind = getattr(krait, name)
            self.assertTrue(kind.__doc__, name)
            for cls in kind.__mro__[:-1]:
                for member, value in vars(cls).items():
                    if not member.startswith("_"):
                        self.assertTrue(value.__doc__, "%s.%s" % (name, member))

    def test_what_things_say_of_themselves(self):
        model = kit.demo()
        session = model.session(temperature=0.25, seed=7)
        session.feed([1, 2, 3])
        chat, batch = model.chat(), model.batch()
        chat.add("user", "hello")
        batch.add(session, [1])
        self.assertRegex(repr(model), r"^<krait\.Model '.*/models/demo': mamba, %d parameters, on cpu>$" % model.n_parameters)
        self.assertEqual(repr(session), "<krait.Session at position 3, temperature 0.25, seed 7>")
        self.assertEqual(repr(session.snapshot()), "<krait.State at position 3, %d bytes>" % session.snapshot().size)
        self.assertEqual(repr(batch), "<krait.Batch of 1 session>")
        self.assertEqual(repr(chat), "<krait.Chat of 1 message>")
        chat.clear()
        self.assertEqual(repr(chat), "<krait.Chat of 0 messages>")
        self.assertEqual(repr(model.tokenizer), "<krait.Tokenizer of 4096 tokens>")
        self.assertEqual(repr(krait.Sampler(top_k=5)), "<krait.Sampler top_k 5>")
        session.close()
        self.assertEqual(repr(session), "<krait.Session, closed>")
        self.assertEqual(repr(object.__new__(krait.Session)), "<krait.Session, closed>")

    def test_copies(self):
        model = kit.demo()
        session = model.session(temperature=0, seed=7)
        session.feed("Once upon a time")
        for copied in copy.copy(session), copy.deepcopy(session):
            self.assertEqual((copied.position, copied.seed), (session.position, 7))
            self.assertEqual(copied.tokens(5), session.fork().tokens(5))
            self.assertNotEqual(copied.position, session.position)
        self.assertIs(copy.copy(model), model)
        for thing in model.chat(), model.batch(), krait.Sampler(), model.tokenizer.decoder():
            with self.assertRaisesRegex(TypeError, "cannot be copied"):
                copy.copy(thing)
        with self.assertRaisesRegex(TypeError, "a Session cannot be pickled"):
            pickle.dumps(session)


class Errors(kit.TestCase):
    def test_classes(self):
        error_of = krait._errors.error_of
        for status in range(-12, 0):
            error = error_of(status, "text")
            self.assertEqual((error.status, str(error)), (status, "text"))
            name = krait.status_name(status).removeprefix("KRAIT_ERROR_").replace("_", "").lower()
            found = type(error).__name__.removesuffix("Error").lower()
            self.assertEqual(found, {"memory": "outofmemory", "io": "file"}.get(name, name))
            self.assertEqual(error.status_name, krait.status_name(status))
        self.assertEqual(error_of(-99, "text").status, -99)
        self.assertIsInstance(error_of(krait.CANCELLED, "text"), krait.Cancelled)

    def raises(self, error, text, call):
        with self.assertRaisesRegex(error, text) as caught:
            call()
        self.assertEqual(caught.exception.status, error.status)

    def test_from_the_library(self):
        model = kit.demo()
        session = model.session()
        session.feed([1, 2])
        other = krait.Model(kit.TINY).session()
        other.feed([1])
        self.raises(krait.ArgumentError, "5000", lambda: session.feed([5000]))
        self.raises(krait.ArgumentError, "nothing was fed", lambda: model.session().next())
        self.raises(krait.FileError, "", lambda: session.snapshot().save(self.folder()))
        bad = os.path.join(kit.DATA, "bad", "safetensors", "trailing-garbage.safetensors")
        self.raises(krait.FormatError, "", lambda: model.load(bad))
        self.raises(krait.FormatError, "", lambda: model.read(b"no state"))
        self.raises(krait.UnsupportedError, "9999", lambda: krait._krait.session_set_int(model.session()._handle, 9999, 1))
        self.raises(krait.MismatchError, "fingerprint", lambda: session.restore(other.snapshot()))
        self.raises(krait.SpaceError, "256 are needed", lambda: session.hidden(memoryview(bytearray(4)).cast("f")))
        self.raises(krait.NotFoundError, "/no/such", lambda: krait.Model("/no/such"))
        self.raises(krait.NotFoundError, "/no/such", lambda: krait.Tokenizer("/no/such"))
        self.assertTrue(issubclass(krait.NotFoundError, FileNotFoundError))

    def test_device(self):
        if any(device.name.startswith("cuda:") for device in krait.devices()):
            self.skipTest("a GPU is here")
        self.raises(krait.DeviceError, "cuda", lambda: krait.Model(kit.TINY, device="cuda"))

    def test_forked(self):
        session = kit.demo().session()
        session.feed([1])
        child = os.fork()
        if child == 0:
            try:
                session.next()
            except krait.ForkedError as error:
                os._exit(0 if "open the model anew" in str(error) else 2)
            os._exit(1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_out_of_memory(self):
        program = ("import krait, resource\n"
                   "model = krait.Model(%r, threads=1)\n"
                   "session = model.session()\n"
                   "used = int(open('/proc/self/statm').read().split()[0]) * 4096\n"
                   "resource.setrlimit(resource.RLIMIT_AS, (used + (2 << 20), -1))\n"
                   "try: krait.Model(%r, map=False, threads=1)\n"
                   "except krait.OutOfMemoryError as error: print(error.status_name)\n"
                   "session.feed([1])\n" % (kit.TINY, os.path.join(kit.SOURCE, "models", "demo")))
        done = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, text=True)
        self.assertEqual((done.stdout, done.stderr), ("KRAIT_ERROR_MEMORY\n", ""))
