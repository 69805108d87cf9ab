# SPDX-License-Identifier: EUPL-1.2
"""A school of any size on a broker of its own: a real register, gates that are played, a morning with many missing.

Monday 2026-11-23; every class starts at 08:25, so its cut-off is 08:45:00. Each fourth pupil is missing, in every class:
too few for one alert of the whole class.
"""

import datetime
import hashlib
import json
import shutil
import socket
import time
import uuid

GATES = ("gate-1", "gate-2", "gate-3")
CLASS = 25
MISSING = 4  # each so many-th
CUT = datetime.datetime.fromisoformat("2026-11-23T08:45:00+01:00")
ROOT = "schoolpoort/sint-jan"
SPACE = uuid.UUID("8b1c53a0-5b0e-4c11-9c3f-6a6d4e6b2c10")  # of the ids that are drawn here
WAIT_S = 60


def wait(what, done):
    """For what nothing announces."""
    end = time.monotonic() + WAIT_S
    while not done():
        if time.monotonic() > end:
            raise RuntimeError(f"waited in vain for {what}")
        time.sleep(0.01)  # between two looks


def pupil_id(i):
    return f"{20000000 + i:010}"


def uid_of(i):
    return f"04{i * 7 + 1:012X}"


def is_missing(i):
    return i % MISSING == 0


def missing(pupils):
    return sum(is_missing(i) for i in range(pupils))


def own(name):
    return str(uuid.uuid5(SPACE, name))


class BigSchool:
    """Folder, broker, configuration. Programs are started on the bench, which ends them."""

    def __init__(self, bench, name="school"):
        self.bench, self.dir = bench, bench.folder / name
        self.dir.mkdir()
        self.port, self.broker, self.clock = bench.free_port(), None, None
        (self.dir / "card.key").write_bytes(bytes(range(32)))
        (self.dir / "card.key").chmod(0o600)
        (self.dir / "run").mkdir()
        self.conf("register", f"[register]\ngates = {','.join(GATES)}\n")

    def conf(self, unit, more=""):
        (self.dir / f"{unit}-state").mkdir(exist_ok=True)
        (self.dir / f"{unit}-run").mkdir(exist_ok=True)
        (self.dir / f"{unit}.conf").write_text(
            f"[school]\nid = sint-jan\nname = Sint-Jan\ncard_key_file = {self.dir}/card.key\n"
            f"[unit]\nid = {unit}\n"
            f"[paths]\nstate_dir = {self.dir}/{unit}-state\nrun_dir = {self.dir}/{unit}-run\n"
            f"[broker]\nhost = 127.0.0.1\nport = {self.port}\ntls = off\n{more}", encoding="utf-8")

    def start_broker(self):
        """An empty one each time: what is retained belongs to one morning."""
        folder = self.dir / "mosquitto"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        text = (self.bench.source / "broker-config/mosquitto/loopback.conf.in").read_text(encoding="utf-8")
        (self.dir / "mosquitto.conf").write_text(
            text.replace("@PORT@", str(self.port)).replace("@DIR@", str(folder)), encoding="utf-8")
        with open(self.dir / "mosquitto.log", "ab") as log:
            self.broker = self.bench.start(["mosquitto", "-c", self.dir / "mosquitto.conf"], stdout=log, stderr=log)
        wait("the broker", self.answers)

    def answers(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self, program, unit, at=None):
        """A program whose clock reads `at` now."""
        at = at or CUT - datetime.timedelta(minutes=15)
        self.clock = clock = f"{at.isoformat()}@{time.time():.3f}"
        with open(self.dir / f"{unit}.log", "ab") as log:
            return self.bench.start([self.bench.bin(program), "--config", self.dir / f"{unit}.conf", "--clock", clock],
                                    stdout=log, stderr=log)

    def stop(self, *programs):
        for p in programs:
            self.bench.end(p)

    def said(self, unit):
        return (self.dir / f"{unit}.log").read_text(encoding="utf-8")

    def ctl(self, *command, unit="register"):
        return json.loads(self.bench.run([self.bench.bin("schoolpoortctl"), "--config", self.dir / f"{unit}.conf",
                                          "--json", *command]))

    def start_register(self, at=None):
        register = self.start("schoolpoort-register", "register", at)
        wait("the register's socket", self.register_listens)
        return register

    def register_listens(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            return s.connect_ex(str(self.dir / "register-run/register.sock")) == 0

    def ask(self, request, times=1):
        """One request, asked so often on one connection. Return: ms of each answer."""
        took = []
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.connect(str(self.dir / "register-run/register.sock"))
            s.sendall(b'{"v":1,"type":"hello","role":"control","name":"bench"}')
            s.recv(65536)
            for n in range(times):
                begin = time.monotonic()
                s.sendall(json.dumps({"v": 1, "type": "request", "id": n, **request}).encode())
                answer = json.loads(s.recv(65536))
                took.append(1000 * (time.monotonic() - begin))
                if not answer["ok"]:
                    raise RuntimeError(answer)
        return took

    def imports(self, pupils):
        rows = [f"{pupil_id(i)};Achternaam{i};Voornaam{i};{i // CLASS + 1}K;nl" for i in range(pupils)]
        files = {
            "pupils": ["pupil_id;last_name;first_name;class;language", *rows],
            "cards": ["uid;pupil_id;from;to", *(f"{uid_of(i)};{pupil_id(i)};;" for i in range(pupils))],
            "timetable": ["class;weekday;half;start;end"] + [
                f"*;{day};{half}" for day in ("mon", "tue", "thu", "fri")
                for half in ("am;08:25;12:05", "pm;13:10;16:00")],
        }
        for what, lines in files.items():
            path = self.dir / f"{what}.csv"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            self.ctl("import", what, path)

    def gates_data(self, pupils, generation, first=0):
        """What the register would send on a day: everybody's record of 15 school days that ends `first` days on."""
        days = [bigday for n in range(60) if (bigday := datetime.date(2026, 9, 7) + datetime.timedelta(n)).weekday() < 5]
        recent = [str(d) for d in days[first:first + 15]]
        marks = ("||", "L|", "|-", "xx", "||", "||", "--")
        people, cards = [], []
        for i in range(pupils):
            record = {"late_30_days": i % 5, "recent": [[d, marks[(i * 7 + n * 3) % 7]] for n, d in enumerate(recent, first)]}
            one = {"id": pupil_id(i), "first_name": f"Voornaam{i}", "class": f"{i // CLASS + 1}K", "language": "nl",
                   "record": record}
            if i % 50 == first % 50:
                one["excused"] = [{"date": "2026-11-23", "half": half} for half in ("am", "pm")]
            people.append(one)
            cards.append({"card": hashlib.sha256(f"{i}".encode()).hexdigest()[:32], "pupil": pupil_id(i)})
        times = {"am": ("08:25", "12:05"), "pm": ("13:10", "16:00")}
        rows = [{"class": f"{c + 1}K", "weekday": day, "half": half, "start": start, "end": end}
                for c in range(pupils // CLASS) for day in ("mon", "tue", "wed", "thu", "fri")
                for half, (start, end) in times.items() if (day, half) != ("wed", "pm")]
        off = [{"date": str(datetime.date(2026, 12, 21) + datetime.timedelta(n)), "name": "kerstvakantie"} for n in range(14)]
        path = self.dir / "gates-data.json"
        path.write_text(json.dumps(
            {"v": 1, "generation": generation, "made_at": "2026-11-23T03:00:00.000+01:00", "pupils": people, "cards": cards,
             "timetable": rows, "days_off": off}, separators=(",", ":")), encoding="utf-8")
        return path

    # ---- gates ----

    def taps(self, pupils, gate):
        """The numbers of a gate's pupils who came."""
        return [i for i in range(pupils) if not is_missing(i) and i % len(GATES) == gate]

    def checkins(self, pupils, gate):
        at = CUT - datetime.timedelta(minutes=30)
        for seq, i in enumerate(self.taps(pupils, gate), 1):
            yield json.dumps({
                "v": 1, "log": own(f"log {gate}"), "seq": seq, "id": own(f"tap {i}"), "gate": GATES[gate],
                "result": "present", "at": at.isoformat(timespec="milliseconds"), "clock": "trusted",
                "boot": own(f"boot {gate}"), "boot_ms": 1000 * seq, "revision": 1, "pupil": pupil_id(i), "card": None,
                "date": f"{at:%Y-%m-%d}", "half": "am", "source": "card"}, separators=(",", ":"))

    def state(self, pupils, gate, complete):
        n = len(self.taps(pupils, gate))
        payload = json.dumps({
            "v": 1, "state": "online", "gate": GATES[gate], "at": complete.isoformat(timespec="milliseconds"),
            "session": own(f"session {gate}"), "version": "bench", "log": own(f"log {gate}"), "last_seq": n,
            "confirmed_seq": n, "complete_until": complete.isoformat(timespec="milliseconds"), "clock": "trusted",
            "clock_error_ms": 1, "reader": "ok", "screen": "ok", "store": "ok", "uptime_s": 3600, "rehearsal": True},
            separators=(",", ":"))
        return f"{ROOT}/gate/{GATES[gate]}/state {payload}"

    def states(self, pupils, complete):
        path = self.dir / f"states-{complete:%H%M%S}"
        path.write_text("".join(self.state(pupils, g, complete) + "\n" for g in range(len(GATES))), encoding="utf-8")
        return path

    def publish(self, topic, lines):
        self.bench.run(["mosquitto_pub", "-V", "5", "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-l", "-t",
                        f"{ROOT}/{topic}"], input="".join(f"{line}\n" for line in lines))

    def deliver(self, pupils):
        """Every gate's check-ins into the running register."""
        for gate, name in enumerate(GATES):
            self.publish(f"gate/{name}/checkin", self.checkins(pupils, gate))
        want = pupils - missing(pupils)
        wait("the check-ins", lambda: self.total()["present"] == want)

    def total(self):
        return self.ctl("day", "--date", f"{CUT:%Y-%m-%d}", "--half", "am")["total"]

    def prepare(self, pupils):
        """A database with the pupils and with who came before the bell; the register is stopped again."""
        self.start_broker()
        register = self.start_register()
        self.imports(pupils)
        self.deliver(pupils)
        self.stop(register)
        self.stop(self.broker)
        return self.dir / "register-state"
