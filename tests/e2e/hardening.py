"""What every container must hold, as rules over what the engine knows of it, and of its first process and its image."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

OUR_IMAGE: Final = re.compile(r"retention-(init|mongo|seeder|trainer|inference|edge)(:[\w.-]+)?")
# A login within an address, or a name of a secret that is given a value: a path says where one is.
_SECRET: Final = re.compile(
    r"\w://[^/:@\s]+:[^@/\s]+@|(?:PASSWORD|PASSWD|PWD|SECRET|TOKEN|API_?KEY|(?<!GPG)_KEY)=(?!/)\S+",
    re.IGNORECASE,
)
_DEAR: Final = {"mongosh", "mongo", "python", "python3", "node", "curl", "wget", "caddy"}  # 20 to 130 MB each time
_TOOLS: Final = ("gcc", "cc", "g++", "c++", "clang", "make", "ld", "pip", "pip3", "uv", "npm", "gdb", "git")


def has_secret(text: str, secrets: Collection[str] = ()) -> bool:
    """Tell whether one of these is in the text, or what looks like one."""
    return bool(_SECRET.search(text)) or any(secret in text for secret in secrets)


def container_faults(container: Mapping[str, Any], secrets: Collection[str] = ()) -> list[str]:
    """Return the rules that a container breaks, of which `docker inspect` told this; it need not run."""
    return [rule for rule, holds in _RULES.items() if not holds(container)] + [
        f"no secret in its {place}"
        for place, texts in (
            ("environment", container["Config"]["Env"]),
            ("labels", [f"{name}={value}" for name, value in container["Config"]["Labels"].items()]),
            ("command", [" ".join([container["Path"], *container["Args"]])]),
        )
        if any(has_secret(text, secrets) for text in texts)
    ]


def process_faults(container_id: str, secrets: Collection[str] = ()) -> list[str]:
    """Return the rules that the first process of a running container breaks."""
    status = dict(line.split(":\t", 1) for line in _inside(container_id, "status").splitlines() if ":\t" in line)
    environment = _inside(container_id, "environ").split("\0")
    rules = {
        "runs as nobody": not {"0"} & {*status["Uid"].split(), *status["Gid"].split()},
        "runs without capabilities": not any(int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")),
        "gets no new privileges": status["NoNewPrivs"] == "1",
        "runs under seccomp": status["Seccomp"] == "2",
        "was given no secret": not any(has_secret(each, secrets) for each in environment),
    }
    return [rule for rule, holds in rules.items() if not holds]


def image_faults(image: str, secrets: Collection[str] = ()) -> list[str]:
    """Return the rules that an image breaks, in its layers and in what it holds."""
    told = run("docker", "history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    (known,) = json.loads(run("docker", "image", "inspect", image))
    look = f"for tool in {' '.join(_TOOLS)}; do command -v $tool; done; true"
    tools = run(
        "docker", "run", "--rm", "--network", "none", "--read-only", "--cap-drop", "ALL", "--memory", "64m",
        "--entrypoint", "sh", image, "-c", look,
    )  # fmt: skip
    rules = {
        "no secret in its layers": not any(has_secret(line, secrets) for line in [told, *known["Config"]["Env"]]),
        "made for nobody": known["Config"]["User"].partition(":")[0] not in {"", "0", "root"},
        "no compiler and no installer": not tools.strip(),
    }
    return [rule for rule, holds in rules.items() if not holds]


def containers_of(project: str) -> list[dict[str, Any]]:
    """Return what the engine knows of every container of a project, those that have ended too."""
    ids = run("docker", "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={project}").split()
    described: list[dict[str, Any]] = json.loads(run("docker", "inspect", *ids)) if ids else []
    return described


def service_of(container: Mapping[str, Any]) -> str:
    """Return the name that the Compose file gives it, its own where it is in none."""
    return str(container["Config"]["Labels"].get("com.docker.compose.service", container["Name"]))


def run(*command: str) -> str:
    """Return what a command says; AssertionError with all of it when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _inside(container_id: str, file: str) -> str:
    return run("docker", "exec", container_id, "cat", f"/proc/1/{file}")


def _host(holds: Callable[[dict[str, Any]], bool]) -> Callable[[Mapping[str, Any]], bool]:
    return lambda container: holds(container["HostConfig"])


def _keeps_to_its_volumes(container: Mapping[str, Any]) -> bool:
    """No folder of the machine, but the one of the API's keys, and that one to be read."""
    binds = [mount for mount in container["Mounts"] if mount["Type"] not in {"volume", "tmpfs"}]
    return all(mount["Destination"] == "/keys" and not mount["RW"] for mount in binds)


def _is_published_where_it_may(container: Mapping[str, Any]) -> bool:
    published = [place for places in (container["HostConfig"]["PortBindings"] or {}).values() for place in places or ()]
    return service_of(container) == "edge" or all(place["HostIp"] == "127.0.0.1" for place in published)


def _is_asked_cheaply(container: Mapping[str, Any]) -> bool:
    check = container["Config"].get("Healthcheck") or {}
    words = {word.rpartition("/")[2] for word in re.split(r"[^\w./-]+", " ".join(check.get("Test") or ()))}
    return not words & _DEAR and check.get("Interval", 10**10) >= 5 * 10**9


def _has_small_harmless_tmpfs(host: Mapping[str, Any]) -> bool:
    options = [set(each.split(",")) for each in (host.get("Tmpfs") or {}).values()]
    return all(any(one.startswith("size=") for one in each) and not {"exec", "suid", "dev"} & each for each in options)


_RULES: Final[dict[str, Callable[[Mapping[str, Any]], bool]]] = {
    "user": lambda container: container["Config"]["User"].partition(":")[0] not in {"", "0", "root"},
    "root file system": _host(lambda host: host["ReadonlyRootfs"]),
    "capabilities": _host(lambda host: host["CapDrop"] == ["ALL"] and not host["CapAdd"]),
    "new privileges": _host(lambda host: "no-new-privileges:true" in (host["SecurityOpt"] or ())),
    "seccomp": _host(lambda host: not any("unconfined" in option for option in host["SecurityOpt"] or ())),
    "privileged": _host(lambda host: not host["Privileged"]),
    "devices": _host(lambda host: not host["Devices"]),
    "network of its own": _host(lambda host: host["NetworkMode"] != "host"),
    "processes of its own": _host(lambda host: host["PidMode"] != "host"),
    "shared memory of its own": _host(lambda host: host["IpcMode"] != "host"),
    "name of its own": _host(lambda host: host["UTSMode"] != "host"),
    "mounts": _keeps_to_its_volumes,
    "tmpfs": _host(_has_small_harmless_tmpfs),
    "processes": _host(lambda host: 0 < (host["PidsLimit"] or 0) <= 512),
    "memory": _host(lambda host: host["Memory"] > 0),
    "swap": _host(lambda host: 0 <= host["Memory"] <= host["MemorySwap"] <= 2 * host["Memory"]),
    "processor": _host(lambda host: host["NanoCpus"] > 0),
    "open files": _host(lambda host: any(limit["Name"] == "nofile" for limit in host["Ulimits"] or ())),
    "log": _host(lambda host: {"max-size", "max-file"} <= {*host["LogConfig"]["Config"]}),
    "published": _is_published_where_it_may,
    "health check": _is_asked_cheaply,
    "image": lambda container: bool(
        OUR_IMAGE.fullmatch(container["Config"]["Image"]) or "@sha256:" in container["Config"]["Image"]
    ),
}
RULES: Final = (*_RULES, "no secret in its environment", "no secret in its labels", "no secret in its command")
