# The driver's image: the programs it runs, the Node.js runtime and the bundle; nothing else.
#
#   docker build .                      on a usual machine
#   npm run image -- --output FILE.tar  needs no image registry: test/image/driver-image.ts gives the last stage folders in
#                                       place of the stages `root` (made here, from an own base) and `app`
#
# 1. The last stage starts from scratch: no package manager, no perl, no npm, no setuid program, and no lower layer that
#    still holds what an upper one deletes.
# 2. A package is listed in PACKAGES because src/ runs a program of it, or because a person needs it in a pod (a shell,
#    coreutils, grep). Whoever adds one adds what it does to test/image/programs.ts.
# 3. nvme-cli stays out: what it reads of every controller can panic the kernel (docs/kernel-facts.md).
# 4. Nothing is written into the root while it runs: it may be mounted read-only. /tmp, /run and the state are mounts.

ARG BASE=debian:trixie-slim
ARG BUILDER=node:24-trixie-slim

FROM ${BASE} AS root
# The two at the end: libkmod opens them by name for modules in .ko.xz and .ko.zst, so no dependency says so.
ARG PACKAGES="base-files tini dash coreutils grep util-linux mount kmod nftables netbase e2fsprogs xfsprogs \
btrfs-progs lvm2 dmsetup thin-provisioning-tools libstdc++6 liblzma5 libzstd1"
# Dependencies of maintainer scripts, of logins, and of programs that are taken out below.
ARG LEFT_OUT="adduser|base-passwd|debconf|debianutils|dmeventd|dpkg|init-system-helpers|libapparmor1|libaudit.*|libbz2.*|\
libdb5.*|libdbus.*|libdebconf.*|libexpat1|libffi.*|libglib2.*|libicu.*|liblastlog2.*|libncursesw6|libpam.*|libpython3.*|\
libreadline8.*|libseccomp2|libsemanage.*|libsepol2|libsqlite3.*|libsystemd-shared|login.*|logsave|mawk|media-types|\
openssl-provider-legacy|passwd|perl.*|python3.*|readline-common|sysvinit-utils|systemd.*|tar|tzdata|uuid-runtime"
# apt resolves the packages against an empty list of installed ones and they are unpacked into an empty folder. No
# maintainer script runs. status.d is where scanners look for the packages of an image without dpkg.
RUN set -eu; \
  mkdir -p /archives/partial /image/var/lib/dpkg/status.d; \
  : > /archives/status; \
  apt-get --quiet update; \
  apt-get --quiet --yes --no-install-recommends --download-only --option APT::Sandbox::User=root \
    --option Dir::State::Status=/archives/status --option Dir::Cache::Archives=/archives install ${PACKAGES}; \
  for archive in /archives/base-files_*.deb /archives/*.deb; do \
    name=$(dpkg-deb --field "$archive" Package); \
    if echo "$name" | grep -Eqx "$LEFT_OUT"; then continue; fi; \
    dpkg-deb --fsys-tarfile "$archive" | tar --extract --keep-directory-symlink --directory /image; \
    dpkg-deb --field "$archive" > "/image/var/lib/dpkg/status.d/$name"; \
  done; \
  rm -r /archives
# Only what runs stays, and the licences. Programs for logins, or with libraries that were left out, go.
RUN set -eu; \
  keep() { names=" $* "; for name in *; do case "$names" in *" $name "*) ;; *) rm -r "$name" ;; esac; done; }; \
  cd /image; keep bin dev etc lib lib64 proc root run sbin sys tmp usr var; \
  cd /image/var; keep lib tmp; ln -s /run run; \
  cd /image/var/lib; keep dpkg; \
  cd /image/usr; keep bin lib lib64 libexec local sbin share; \
  cd /image/usr/lib; rm -r systemd udev *-linux-gnu/gconv; \
  cd /image/usr/share; keep common-licenses doc xfsprogs; \
  find doc -type f ! -name copyright -delete; \
  cd /image/etc; keep debian_version lvm mke2fs.conf os-release protocols services xattr.conf; \
  echo 'root:x:0:0:root:/root:/bin/sh' > passwd; \
  echo 'root:x:0:' > group; \
  echo 'hosts: files dns' > nsswitch.conf; \
  cd /image/usr/bin; rm su lslogins; \
  cd /image/usr/sbin; rm runuser sulogin agetty getty xfs_scrub* e2scrub*; \
  cd /image; \
  find . -type f -perm /6000 -exec chmod a-s {} +; \
  mkdir -p app usr/lib/modules var/lib/nvmetcp-csi; \
  echo '{ "type": "module" }' > app/package.json; \
  ldconfig -r /image

FROM ${BUILDER} AS app
WORKDIR /source
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN set -eu; \
  node_modules/.bin/node scripts/build.ts; \
  mkdir /bundle; \
  cp node_modules/node/bin/node /; \
  find dist -name '*.map' -delete; \
  mv dist/* /bundle/

FROM scratch
COPY --from=root /image /
COPY --from=app /node /usr/local/bin/
COPY LICENSE /app/
COPY --from=app /bundle /app/
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# tini is process 1: the kernel shields that one from signals of its own container, and it has to reap orphans. -s: also
# where it is not process 1.
ENTRYPOINT ["tini", "-s", "--", "node", "/app/main.js"]
# Last: a new version or revision then makes no layer anew.
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="nvmetcp-csi" \
  org.opencontainers.image.description="A Kubernetes CSI driver for NVMe/TCP block storage" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.source="https://github.com/nvmetcp/nvmetcp-csi" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
