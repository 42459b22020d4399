#!/usr/bin/env bash
# Prepare a fresh Ubuntu or Debian machine (x86-64 or arm64) for deploys. Run as root; running it again is safe.
#   bootstrap.sh [--plan] [--skip ITEM]... --repository URL --deploy-key FILE.pub --domain NAME | --address ADDRESS
#   --plan         print what would be done, and do nothing: needs no other option and no root
#   --skip ITEM    leave out one item, by the name that --plan prints
#   --repository   the repository whose main is deployed
#   --deploy-key   the public key that may deploy, and nothing else
#   --domain       the name that points here: HTTPS with its own certificate
#   --address      without a name: the public address as visitors type it, for plain HTTP
#   --home, --user a folder and a user other than /srv/retention and deploy
#   --print LINE   print `authorized_keys` or `sudoers` as they would be written, or the names of the `scripts`
# A failed item does not stop the others: the exit code is then 70, and the last line names what failed. Without systemd
# (in a container) services are written but not started.
# Afterwards: deploy/README.md.
set -euo pipefail
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # sshd and ufw, for a user too
umask 022

here=$(dirname "$(realpath "$0")")
home=/srv/retention
user=deploy
plan='' repository='' deploy_key='' domain='' address='' print='' skipped=' '

usage() {
  sed -n '2,/^# Afterwards/s/^# \{0,1\}//p' "$0" >&2
  exit 64
}
while (($#)); do
  case $1 in
    --plan) plan=1 ;;
    --skip | --repository | --deploy-key | --domain | --address | --home | --user | --print)
      [[ ${2:-} ]] || usage
      case $1 in
        --skip) skipped+="$2 " ;;
        --repository) repository=$2 ;;
        --deploy-key) deploy_key=$2 ;;
        --domain) domain=$2 ;;
        --address) address=$2 ;;
        --home) home=$2 ;;
        --user) user=$2 ;;
        --print) print=$2 ;;
      esac
      shift
      ;;
    *) usage ;;
  esac
  shift
done

say() { printf 'bootstrap: %s\n' "$*"; }
refuse() {
  say "$2" >&2
  exit "$1"
}
install_packages() { apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@" >/dev/null; }
has() { command -v "$1" >/dev/null 2>&1; }
# FILE [MODE]: write the standard input to it, whole or not at all, and never with more access than MODE.
write() {
  rm -f "$1.new"
  install -D -m "${2:-644}" /dev/stdin "$1.new"
  [[ -s $1.new ]] || {
    rm -f "$1.new"
    refuse 70 "$1: the new content is empty, so the file stays as it was"
  }
  mv "$1.new" "$1"
}
holds() { [[ -r $1 && $(<"$1") == "$2" ]]; }
with_systemd() { [[ -d /run/systemd/system ]]; }
systemd() { ! with_systemd || systemctl "$@"; }
runs() { ! with_systemd || systemctl --quiet is-active "$1"; }

# Both appear in the lines for sshd and sudo.
[[ $home =~ ^/[0-9A-Za-z._/-]+$ && $user =~ ^[a-z_][a-z0-9_-]*$ ]] || refuse 64 "--home must be a full path and --user a name, both without spaces"

key=''
[[ ! $deploy_key ]] || key=$(cat "$deploy_key")
[[ ! $deploy_key || $key =~ ^(ssh-ed25519|ecdsa-sha2-nistp256|sk-ssh-ed25519@openssh.com|ssh-rsa)\ [A-Za-z0-9+/=]+(\ [^$'\n']*)?$ ]] ||
  refuse 65 "$deploy_key is not one public key"

# These two lines decide what the deploy key can do. The drills take them from here (--print).
authorized_keys() {
  [[ $key ]] || refuse 64 "--deploy-key is needed"
  echo "restrict,command=\"$home/bin/deploy-gate\" $key"
}
sudoers() { echo "$user ALL=(root) NOPASSWD: $home/bin/deploy.sh"; }
# All shell scripts of this folder except this one.
scripts() { (cd "$here" && grep -d skip -lE '^(#!|# shellcheck shell=)' -- * | grep -vx bootstrap.sh); }
case $print in
  '') ;;
  authorized_keys | sudoers | scripts)
    "$print"
    exit
    ;;
  *) refuse 64 "--print knows authorized_keys, sudoers and scripts" ;;
esac

items=(packages engine daemon swap user gate sudoers key sshd firewall upgrades slice backups secrets settings repository)
declare -A says

# A person's account of that name would lose its groups, password and keys. Ours is recognised by its key, and before it has
# one by having neither groups nor a password.
user_is_anothers() {
  local keys=/home/$user/.ssh/authorized_keys
  id "$user" >/dev/null 2>&1 || return 1
  (($(id -u "$user") >= 1000)) || return 0
  if [[ -s $keys ]]; then
    grep -qvE '^restrict,command="[^"]+/bin/deploy-gate" ' "$keys"
  else
    [[ $(id -nG "$user") != "$user" || $(passwd --status "$user") == "$user P "* ]]
  fi
}

# Refuse what cannot work here before anything is changed.
for item in $skipped; do [[ " ${items[*]} " == *" $item "* ]] || refuse 64 "--skip knows: ${items[*]}"; done
[[ $plan || ($repository && $deploy_key) ]] || refuse 64 "--repository and --deploy-key are needed: see --help"
[[ $plan || $domain || $address || -e $home/production.env ]] || refuse 64 "--domain or --address is needed: the API answers only to that name"
[[ $domain$address =~ ^[][0-9A-Za-z.:-]*$ ]] || refuse 64 "--domain and --address must be a bare name or address, without http://"
[[ $(id -u) == 0 || $plan ]] || refuse 77 "must be root"
grep -qE '^(ID|ID_LIKE)="?.*(debian|ubuntu)' /etc/os-release || refuse 69 "neither Debian nor Ubuntu"
case $(uname -m) in
  x86_64) grep -qw avx /proc/cpuinfo || refuse 69 "the CPU has no AVX: MongoDB 5 and later cannot run here" ;;
  aarch64) ;;
  *) refuse 69 "$(uname -m): MongoDB has no image for it" ;;
esac
# A machine that is ready has already used this space: a new key or domain needs none.
[[ -d $home/repository ]] || (($(df --output=avail -k / | tail -1) >= 6 * 1024 * 1024)) ||
  refuse 73 "less than 6 GB are free: images need 2, a build 2, swap 2"
(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) >= 900 * 1024)) || refuse 69 "less than 900 MB of memory"
! user_is_anothers || refuse 77 "the user $user exists and is in use (its groups: $(id -nG "$user")): choose another with --user"

says[packages]='git, curl, jq, sudo, sshd from the distribution'
packages_is() { has git && has curl && has jq && has sudo && has sshd; }
packages_make() { apt-get -q update >/dev/null && install_packages git curl jq sudo openssh-server ca-certificates gnupg; }

says[engine]="Docker, Compose 2 and buildx: from the distribution, or else from Docker"
engine_is() { has docker && docker compose version >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1; }
candidate() { apt-cache policy "$1" | awk '/Candidate:/ && $2 != "(none)" { print $2 }'; }
engine_make() {
  local compose keys client='' at=/etc/apt/keyrings/docker.asc
  apt-get -q update >/dev/null
  for compose in docker-compose-v2 docker-compose; do
    [[ $(candidate "$compose") == [2-9].* ]] || continue
    [[ ! $(candidate docker-cli) ]] || client=docker-cli # Debian 13's docker.io only recommends it
    install_packages docker.io "$compose" docker-buildx $client
    return
  done
  # shellcheck source=/dev/null
  source /etc/os-release
  install -d -m 755 "${at%/*}"
  curl -fsS --max-time 60 "https://download.docker.com/linux/$ID/gpg" -o "$at" ||
    refuse 69 "download.docker.com cannot be reached, and the distribution has no Compose 2: try again later, or install Docker by hand"
  keys=$(gpg --show-keys --with-colons "$at" | awk -F: '$1 == "fpr" && of == "pub" { print $10 } { of = $1 }')
  [[ $keys == 9DC858229FC7DD38854AE2D88D81803C0EBFCD88 ]] || # this key, and no second one
    refuse 77 "Docker's packages are not signed by Docker's published key"
  write /etc/apt/sources.list.d/docker.list <<-END
	deb [arch=$(dpkg --print-architecture) signed-by=$at] https://download.docker.com/linux/$ID $VERSION_CODENAME stable
	END
  apt-get -q update >/dev/null
  install_packages docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin
}

says[daemon]='/etc/docker/daemon.json: bounded logs, containers survive a restart of Docker'
daemon_wanted='{"log-driver":"json-file","log-opts":{"max-size":"10m","max-file":"3"},"live-restore":true}'
daemon_is() { [[ -e /etc/docker/daemon.json ]] && jq -e --argjson wanted "$daemon_wanted" '. * $wanted == .' /etc/docker/daemon.json >/dev/null; }
daemon_make() {
  { if [[ -e /etc/docker/daemon.json ]]; then cat /etc/docker/daemon.json; else echo '{}'; fi; } |
    jq --argjson wanted "$daemon_wanted" '. * $wanted' | write /etc/docker/daemon.json
  systemd enable --quiet docker
  systemd restart docker
}

says[swap]="2 GiB of swap in /swapfile, rarely used (in a container: the host's)"
with_systemd || skipped+='swap '
! ischroot 2>/dev/null || skipped+='firewall ' # it would be the host's
swap_is() { (($(awk '/^SwapTotal/ { print $2 }' /proc/meminfo) >= 1900 * 1024)); }
swap_make() {
  [[ -e /swapfile ]] || fallocate -l 2G /swapfile
  chmod 600 /swapfile
  mkswap -q /swapfile
  swapon /swapfile
  grep -q '^/swapfile ' /etc/fstab || echo '/swapfile none swap sw 0 0' >>/etc/fstab
  echo 'vm.swappiness = 10' | write /etc/sysctl.d/60-retention.conf
  sysctl -q -p /etc/sysctl.d/60-retention.conf
}

says[user]="the user $user, without a password and only in its own group"
user_is() { id "$user" >/dev/null 2>&1 && [[ $(id -nG "$user") == "$user" ]]; }
user_make() {
  id "$user" >/dev/null 2>&1 || useradd --no-create-home --user-group --shell /bin/bash "$user" # root owns its folder: see key
  usermod --groups '' --password '*' "$user" # no password, but not locked: sshd rejects locked users
}

says[gate]="the scripts in $home/bin, owned by root, and retention-compose"
gate_is() {
  local script
  for script in $(scripts); do cmp -s "$here/$script" "$home/bin/$script" || return 1; done
  [[ -e /usr/local/sbin/retention-compose ]]
}
gate_make() {
  local script
  install -d -m 755 "$home" "$home/bin"
  install -d -m 700 "$home/releases" "$home/log" "$home/secrets"
  for script in $(scripts); do
    write "$home/bin/$script" 755 <"$here/$script" # by a rename: a running deploy keeps its version
  done
  ln -sfn "$home/bin/compose" /usr/local/sbin/retention-compose
}

says[sudoers]="$user may run $home/bin/deploy.sh as root, and nothing else"
sudoers_is() { holds /etc/sudoers.d/retention "$(sudoers)"; }
sudoers_make() {
  sudoers | write /etc/sudoers.d/.retention 440 # sudo ignores names with a dot
  visudo -q -c -f /etc/sudoers.d/.retention
  mv /etc/sudoers.d/.retention /etc/sudoers.d/retention
}

says[key]="the deploy key ${deploy_key:-FILE.pub}, restricted to $home/bin/deploy-gate"
# Root owns the folders, so even past the gate the user could not replace the file.
key_is() { [[ $key ]] && holds "/home/$user/.ssh/authorized_keys" "$(authorized_keys)" && [[ $(stat -c %U "/home/$user") == root ]]; }
key_make() {
  install -d -m 755 -o root -g root "/home/$user" "/home/$user/.ssh"
  authorized_keys | write "/home/$user/.ssh/authorized_keys"
}

says[sshd]='sshd: keys only, no root'
# If only root has a key, root may still log in with it, so that nobody is locked out.
sshd_root() {
  local admin
  for admin in $(getent group sudo | cut -d: -f4 | tr , ' '); do
    [[ ! -s /home/$admin/.ssh/authorized_keys ]] || {
      echo no
      return
    }
  done
  echo prohibit-password
}
sshd_wanted="PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin $(sshd_root)
X11Forwarding no
MaxAuthTries 3
LoginGraceTime 20"
sshd_file=/etc/ssh/sshd_config.d/10-retention.conf
sshd_is() { holds "$sshd_file" "$sshd_wanted"; }
sshd_make() {
  local before
  [[ $(sshd_root) == no || -s /root/.ssh/authorized_keys ]] || refuse 77 "no admin (root, or in the group sudo) has a key to log in with: add one first, or --skip sshd"
  before=$(cat "$sshd_file" 2>/dev/null || true)
  echo "$sshd_wanted" | write "$sshd_file"
  mkdir -p /run/sshd
  # With ssh.socket the service may not be running, so there is nothing to reload.
  if ! sshd -T | grep -x 'passwordauthentication no' >/dev/null || ! systemd try-reload-or-restart ssh; then
    if [[ $before ]]; then echo "$before" | write "$sshd_file"; else rm "$sshd_file"; fi
    refuse 70 "sshd does not accept its settings: they were undone"
  fi
}

says[firewall]='ufw: open are ssh, 80 and 443 (the edge, published by Docker, bypasses it)'
firewall_is() { has ufw && [[ $(ufw status 2>/dev/null | grep -cE '^Status: active|^(80|443)/tcp +ALLOW') -ge 3 ]]; }
firewall_make() {
  local ports port
  mkdir -p /run/sshd
  ports=$(sshd -T | awk '$1 == "port" { print $2 }') # fails here rather than close the port in use
  install_packages ufw
  ufw default deny incoming >/dev/null
  for port in $ports 80 443; do ufw allow "$port/tcp" >/dev/null; done
  ufw --force enable >/dev/null || refuse 70 "the kernel does not accept ufw's rules: a container needs --cap-add NET_ADMIN, or --skip firewall"
}

says[upgrades]="unattended upgrades from the distribution"
upgrades_wanted='APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";'
upgrades_is() { has unattended-upgrade && holds /etc/apt/apt.conf.d/20auto-upgrades "$upgrades_wanted"; }
upgrades_make() {
  install_packages unattended-upgrades
  echo "$upgrades_wanted" | write /etc/apt/apt.conf.d/20auto-upgrades
}

says[slice]='a slice that bounds the memory of a build to 600 MB'
# No dash: systemd would put it below retention.slice, but BuildKit takes the name as a path from the cgroups' root.
slice=retentionbuild.slice
slice_wanted='[Slice]
MemoryMax=600M
MemorySwapMax=1500M
CPUWeight=20
[Install]
WantedBy=multi-user.target'
slice_is() { holds "/etc/systemd/system/$slice" "$slice_wanted" && runs "$slice"; }
slice_make() {
  echo "$slice_wanted" | write "/etc/systemd/system/$slice"
  systemd daemon-reload
  systemd enable --quiet "$slice"
  systemd restart "$slice" # it has no effect until it is started
}

says[backups]="every night, $home/bin/backup.sh"
units=/etc/systemd/system/retention-backup
backup_wanted="[Service]
Type=oneshot
ExecStart=$home/bin/backup.sh"
nightly_wanted='[Timer]
OnCalendar=03:30
Persistent=true
[Install]
WantedBy=timers.target'
backups_is() { holds "$units.service" "$backup_wanted" && holds "$units.timer" "$nightly_wanted" && runs "${units##*/}.timer"; }
backups_make() {
  echo "$backup_wanted" | write "$units.service"
  echo "$nightly_wanted" | write "$units.timer"
  systemd daemon-reload
  systemd enable --quiet --now "${units##*/}.timer"
}

says[secrets]="random API keys, deploy's and yours, in $home/secrets; hashes in keys"
secrets_is() { [[ -s $home/keys/api_keys && -s $home/secrets/smoke_header && -s $home/secrets/admin_key ]]; }
secrets_make() {
  local smoke admin
  install -d -m 700 "$home/secrets"
  install -d -m 750 -g 10003 "$home/keys" # the API's group in its container
  smoke=$("$here/make-key" deploy read) admin=$("$here/make-key" owner admin)
  printf 'X-API-Key: %s\n' "${smoke%%$'\n'*}" | write "$home/secrets/smoke_header" 400
  printf '%s\n' "${admin%%$'\n'*}" | write "$home/secrets/admin_key" 400
  # Last, because a complete item is not made again. Added keys stay.
  {
    [[ ! -e $home/keys/api_keys ]] || grep -vE '^(deploy|owner) ' "$home/keys/api_keys" || true
    printf '%s\n' "${smoke##*$'\n'}" "${admin##*$'\n'}"
  } | write "$home/keys/api_keys" 440
  chgrp 10003 "$home/keys/api_keys"
}

says[settings]="$home/production.env: domain or address, and this machine's settings"
settings_wanted() {
  echo "# Settings of this machine, over deploy/images.env: see .env.example and deploy/README.md. Shell, root's."
  [[ ! $domain ]] || echo "DOMAIN=$domain"
  [[ ! $address ]] || echo "PUBLIC_ADDRESS=$address"
  [[ $skipped == *' slice '* ]] || echo "BUILD_CGROUP=$slice"
}
settings_is() {
  local missing
  [[ -r $home/production.env ]] || return 1
  missing=$(settings_wanted | grep -vxFf "$home/production.env" || true)
  [[ ! $missing ]]
}
settings_make() {
  {
    settings_wanted
    # Options that were not given this time keep their values, and so do other lines.
    [[ ! -e $home/production.env ]] ||
      grep -vf <(settings_wanted | sed 's/=.*/=/; s/^/^/') "$home/production.env" || true
  } | write "$home/production.env" 600
}

says[repository]="a bare clone of ${repository:-URL}"
repository_is() { [[ $repository && $(git -C "$home/repository" remote get-url origin 2>/dev/null) == "$repository" ]]; }
repository_make() {
  rm -rf "$home/repository.new"
  # No tags: one may be called main.
  git clone --quiet --bare --single-branch --branch main --no-tags "$repository" "$home/repository.new"
  rm -rf "$home/repository"
  mv "$home/repository.new" "$home/repository"
}

tell() { printf '%-11s %-8s %s\n' "$item" "$1" "${says[$item]}"; }
# Not within `if` or after `||`: there, bash would ignore failures inside it.
make_item() (
  set -e
  "${item}_make"
  "${item}_is" || refuse 70 "$item was made, but its check still fails"
)

failed='' missing=''
[[ ! $plan || $(id -u) == 0 ]] || say "not root: items that only root can see count as missing"
with_systemd || say "not started: no systemd here. Services are written only, and there is no swap"
for item in "${items[@]}"; do
  if [[ $skipped == *" $item "* ]]; then
    tell SKIPPED
  elif "${item}_is"; then
    tell ready
  elif [[ $plan ]]; then
    tell missing
  else
    tell making
    set +e
    make_item
    code=$?
    set -e
    if ((code)); then
      tell FAILED >&2
      failed+=" $item"
      [[ $item != packages ]] || break # the others need them
    fi
  fi
done
if [[ $plan ]]; then
  [[ $repository ]] || missing+=' --repository URL'
  [[ $deploy_key ]] || missing+=' --deploy-key FILE.pub'
  [[ $domain || $address || -e $home/production.env ]] || missing+=' --domain NAME'
  echo "Nothing was changed. To make it ready, run the same as root without --plan${missing:+, with}"
  [[ ! $missing ]] || echo "$missing"
  exit
fi
[[ ! $failed ]] || refuse 70 "not ready, failed:$failed. The causes are above: fix them and run this again"
say "ready. This machine's host key, for the workflow's variable VM_KNOWN_HOSTS:"
echo "${domain:-${address:-ADDRESS}} $(cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub)"
