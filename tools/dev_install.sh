# SPDX-License-Identifier: Apache-2.0
# What Hubward needs on a machine, installed from Debian 12 and npm by name when it is missing. Sourced by ./dev.
# docs/dependencies.md says what each is for.

build_packages=(
  clang-22 llvm-22 clang-tidy-22 clang-format-22 libclang-rt-22-dev mold ccache ninja-build cmake git python3 openssl curl
  ca-certificates libssl-dev libsqlite3-dev libfmt-dev libcli11-dev libboost1.81-dev libtomlplusplus-dev
  prometheus-cpp-dev doctest-dev
)
fuzz_packages=(node-llhttp)
test_packages=(nginx-light slowhttptest nghttp2-client testssl.sh sslscan spin mandoc zsh fish systemd "${fuzz_packages[@]}")
bench_packages=(nginx-light libnginx-mod-http-lua haproxy caddy util-linux)
package_packages=(dpkg-dev lintian debootstrap systemd-container)

node_packages=(nodejs npm)

missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "./dev: installing packages needs root; run as root, install sudo, or install by hand: $*" >&2
    exit 1
  fi
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || {
    echo "./dev: this is not Debian; install what corresponds to: ${missing[*]}" >&2
    exit 1
  }
  say "installing ${missing[*]}"
  as_root apt-get update -qq
  local package
  for package in "${missing[@]}"; do
    apt-cache show "$package" >/dev/null 2>&1 || {
      echo "./dev: the package $package cannot be had from this machine's sources." >&2
      case "$package" in
        *-22*) echo "  clang 22 comes from Debian 12's security archive: add to /etc/apt/sources.list" \
                    "'deb http://security.debian.org/debian-security bookworm-security main'" >&2 ;;
        *) echo "  Hubward is built on Debian 12 (bookworm), main archive." >&2 ;;
      esac
      exit 1
    }
  done
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    >build/apt.log 2>&1 || {
    tail -20 build/apt.log >&2
    echo "./dev: installing failed; the whole output is in build/apt.log" >&2
    exit 1
  }
}

# What a folder's package-lock.json pins: tests/clients has the official SDK and a validator, bench the peers from npm.
install_node_packages() {  # FOLDER
  local folder=$1
  [ -f $folder/package-lock.json ] || return 0
  cmp -s $folder/package-lock.json $folder/node_modules/.installed && return
  say "installing what $folder needs from npm"
  (cd $folder && npm ci --no-audit --no-fund --loglevel=error) || {
    echo "./dev: npm could not install what $folder needs; is the npm registry reachable?" >&2
    exit 1
  }
  cp $folder/package-lock.json $folder/node_modules/.installed
}

# A machine may have Node already; Debian's would pull in hundreds of packages for what is there.
have_node() { command -v node >/dev/null && command -v npm >/dev/null; }

# Debian starts a server when it is installed; whoever only measures does not want one on port 80.
install_peers() {
  local missing
  mapfile -t missing < <(missing_packages "${bench_packages[@]}")
  install_packages "${bench_packages[@]}"
  [ -d /run/systemd/system ] || return 0
  local package
  for package in "${missing[@]}"; do
    case "$package" in
      nginx-light) as_root systemctl disable --now nginx ;;
      haproxy | caddy) as_root systemctl disable --now "$package" ;;
    esac
  done
}

install_for() {  # build | fuzz | test | bench | package
  install_packages "${build_packages[@]}"
  case "$1" in
    build) ;;
    fuzz) install_packages "${fuzz_packages[@]}" ;;
    test)
      have_node || install_packages "${node_packages[@]}"
      install_packages "${test_packages[@]}"
      install_node_packages tests/clients
      ;;
    bench)
      have_node || install_packages "${node_packages[@]}"
      install_peers
      install_node_packages bench
      ;;
    package) install_packages "${package_packages[@]}" ;;
  esac
}
