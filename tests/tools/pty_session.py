# SPDX-License-Identifier: Apache-2.0
# pty_session.py - drives krait through a pseudo-terminal; prints TAP.
import fcntl, os, pty, re, select, signal, struct, subprocess, sys, termios, time

KRAIT, WORK = os.environ["KRAIT"], os.environ["WORK"]
n = 0


def ok(good, name, detail=""):
    global n
    n += 1
    print(("ok" if good else "not ok") + f" {n} - {name}", flush=True)
    if not good:
        print("# " + repr(detail)[:1500], flush=True)


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *arguments, env=None, columns=0):
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            if columns:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            os.environ.update({"TERM": "xterm", "XDG_STATE_HOME": WORK + "/state", **(env or {})})
            os.execv(KRAIT, [KRAIT, *arguments])

    def read(self, seconds):
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            self.seen += data
            return bool(data)
        return None

    def until(self, pattern, seconds=60):
        end = time.time() + seconds
        while time.time() < end:
            if re.search(pattern, self.seen, re.S):
                return True
            if self.read(0.1) is False:
                break
        return bool(re.search(pattern, self.seen, re.S))

    def prompt(self, seconds=60):
        """Waits until the last thing on the screen is a prompt and nothing moves any more."""
        end = time.time() + seconds
        while time.time() < end:
            moved = self.read(0.4)
            if moved is False:
                return False
            if moved is None and re.search(rb"> (\x1b\[[0-9;]*[mK])*$", self.seen):
                return True
        return False

    def send(self, text):
        self.seen = b""
        os.write(self.fd, text.encode())

    def wait(self, seconds=60):
        end = time.time() + seconds
        while time.time() < end:
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self.read(0.05):
                    pass
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None


# Ctrl-C in a text that would never end.
t = Terminal("run", "-n", "-1", "--seed", "1", "--top-p", "1", "--temp", "1", "--save", WORK + "/stopped.krait", "Once upon a time")
ok(t.until(rb"\w+ \w+ \w+"), "text comes", t.seen)
t.send("\x03")
started = time.time()
status = t.wait()
ok(status in (0, 130), "Ctrl-C ends krait run", status)
ok(time.time() - started < 10, "soon")
ok(os.path.exists(WORK + "/stopped.krait"), "with the state saved")
if status == 130:
    more = subprocess.run([KRAIT, "run", "-n", "5", "--load", WORK + "/stopped.krait"], capture_output=True)
    ok(more.returncode == 0, "from which it goes on", more)
else:
    ok(True, "from which it goes on # SKIP the text had ended by itself")

# A chat: prompt, colour, an answer stopped, the conversation going on.
t = Terminal("chat", "--seed", "1", "-n", "100000", "--temp", "1", "--top-p", "1")
ok(t.prompt(), "a prompt", t.seen)
ok(b"\x1b[1;32m" in t.seen, "in colour", t.seen)
t.send("Tell me a long story about the wolf.\n")
ok(t.until(rb"wolf\..*\w+ \w+ \w+ \w+"), "an answer begins", t.seen)
os.write(t.fd, b"\x03")
ok(t.prompt(), "Ctrl-C brings the prompt back", t.seen)
time.sleep(1.1)
t.send("/save " + WORK + "/chat.krait\n")
ok(t.prompt() and b"saved to" in t.seen, "the session is still there", t.seen)
t.send("/set n 8\n")
t.prompt()
t.send("Go on.\n")
ok(t.prompt() and re.search(rb"Go on\..*\n.*\w+.*\n.*> ", t.seen, re.S), "and answers", t.seen)
t.send("/sset")
t.until(rb"/sset")
t.send("\x01\x1b[C\x04\x05\n")
ok(t.until(rb"temp +1 "), "lines can be edited", t.seen)
t.prompt()
t.send("half a li\x03")
ok(t.until(rb"Ctrl-C again"), "Ctrl-C at the prompt drops the line", t.seen)
t.send("\x03")
ok(t.wait() == 130, "a second one ends")
history = open(WORK + "/state/krait/history").read() if os.path.exists(WORK + "/state/krait/history") else ""
ok("wolf" in history.replace("\\040", " "), "the history is kept", history)

t = Terminal("chat", env={"NO_COLOR": "1"})
ok(t.prompt(), "a prompt without colour", t.seen)
ok(b"\x1b[1;32m" not in t.seen, "NO_COLOR is honoured", t.seen)
t.send("\x1b[A")
ok(t.until(rb"set"), "the history of the last chat is there", t.seen)
t.send("\x15\x04")
ok(t.wait() == 0, "Ctrl-D ends")



def screen(data):
    """The lines that a terminal shows: carriage returns, the cursor to the left, the rest of a line erased."""
    lines, at = [""], 0
    for part in re.findall(r"\x1b\[[?0-9;]*[A-Za-z]|.", data.decode("utf-8", "replace"), re.S):
        if part == "\n":
            lines, at = lines + [""], 0
        elif part == "\r":
            at = 0
        elif part.endswith("D") and part[0] == "\x1b":
            at -= int(part[2:-1])
        elif part.endswith("K") and part[0] == "\x1b":
            lines[-1] = lines[-1][:at]
        elif part[0] != "\x1b":
            lines[-1] = lines[-1][:at] + part + lines[-1][at + 1:]
            at += 1
    return [line.rstrip() for line in lines]


# Lines break between words at the edge, and nothing is lost or changed by that.
story = ["run", "--greedy", "-n", "120", "Once upon a time there was a king who had a"]
whole = subprocess.run([KRAIT, *story], capture_output=True).stdout.decode()
for columns in (24, 40, 61):
    t = Terminal(*story, columns=columns)
    ok(t.wait() == 0, f"a story on {columns} columns")
    shown = screen(t.seen)
    ok(max(map(len, shown)) < columns, "no line is longer", shown)
    ok(len([line for line in shown if line]) > len(whole) / columns * 0.8, "there are so many lines", shown)
    ok(" ".join(" ".join(shown).split()) == " ".join(whole.split()), "each word is whole", (shown, whole))
t = Terminal(*story, "--raw", columns=24)
t.wait()
ok(t.seen.replace(b"\r\n", b"\n").decode().rstrip("\n") == whole.rstrip("\n"), "with --raw nothing is broken", t.seen)

# The beginning: whose chat it is, and that the demo model is what it is. Then Tab and pasted text.
t = Terminal("chat", "--seed", "1", "-n", "5", "-v")
ok(t.prompt() and b"demo: mamba, 3.7 million parameters, on cpu" in t.seen, "the model is named", t.seen)
ok(b"tiny on purpose" in t.seen and b"/help" in t.seen, "and what it is, and how to go on", t.seen)
t.send("/sy\t\n")
ok(t.prompt() and b"/system" in t.seen and b"there is no system message" in t.seen, "Tab completes a command; /system shows that there is none", t.seen)
t.send("/system You are an old sailor.\n")
t.prompt()
t.send("/system\n")
ok(t.prompt() and b"You are an old sailor." in t.seen, "/system shows what it is", t.seen)
t.send("/s\t")
ok(t.until(rb"/save .*/switch .*/show .*/set .*/system "), "Tab lists what there is", t.seen)
t.send("et rep\t 1.5\n")
ok(t.prompt() and b"eat-penalty " in t.seen and b"krait: " not in t.seen, "and completes a setting", t.seen)
open(WORK + "/pasted_chat.krait-not", "w").close()
t.send("/load " + WORK + "/pasted_chat.kr\t\n")
ok(t.until(rb"pasted_chat.krait-not") and t.prompt() and b"krait: " in t.seen, "and a file", t.seen)
t.send("\t\t\x1b[200~first line\rsecond \x1b[31mline\r\nthird line\r\x1b[201~")
ok(t.until(rb"third line"), "pasted text is on the screen", t.seen)
ok(not t.until(rb"demo: ", 1), "and is not sent before Enter", t.seen)
t.send(" and more\n")
ok(t.prompt() and t.seen.count(b"demo: ") == 1, "all of it is one message, and it is seen who answers", t.seen)
ok(re.search(rb"read [1-9]\d* tokens in .*, wrote 5 in .* tokens/s", t.seen), "-v tells the speed", t.seen)
t.send("/save " + WORK + "/pasted.krait\n")
t.prompt()
t.send("Say hello.\n")
t.prompt()
t.send("/fork other\n")
t.prompt()
t.send("/switch m\t\n")
ok(t.prompt() and b"now in 'main'" in t.seen, "Tab knows the branches", t.seen)
t.send("/load " + WORK + "/pasted.krait\n")
ok(t.prompt() and re.search(rb"system: .*old sailor.*> .*first line.*second \[31mline.*third line and more.*demo: ", t.seen, re.S), "/load shows what was said", t.seen)
ok(b"hello" not in t.seen, "and nothing else", t.seen)
t.send("/show\n")
ok(t.prompt() and b"third line and more" in t.seen, "so does /show", t.seen)
t.send("/system -\n")
t.prompt()
t.send("/show\n")
ok(t.prompt() and b"old sailor" not in t.seen, "/system - takes the message away", t.seen)
t.send("/exit\n")
ok(t.wait() == 0, "/exit ends")
ok(b"\x1b[?2004l" in t.seen, "and pasting is as it was", t.seen)

# Ctrl-C while nothing is a terminal.
p = subprocess.Popen([KRAIT, "run", "-n", "-1", "--temp", "1", "--top-p", "1", "--seed", "2", "Once"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
first = os.read(p.stdout.fileno(), 1)
p.send_signal(signal.SIGINT)
out, err = p.communicate(timeout=60)
ok(p.returncode in (0, 130) and not err, "SIGINT without a terminal", (p.returncode, err))
ok(b"\x1b" not in out, "no colour without a terminal", out)
print(f"1..{n}")
