# What people do in this repository, one target each; `make` alone lists them. CI (.ci/run) calls these and nothing else.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Tools come from the go.mod files, at the versions pinned there. Those of tools/go.mod would change what the service itself
# is built from; hence a module of their own.
TOOL     := go tool -modfile=tools/go.mod
BUF      := $(TOOL) buf
GOLANGCI := $(TOOL) golangci-lint

# The same tags whatever is built or tested: without gRPC's trace pages and without cloud storage's own gRPC transport a
# program is a quarter smaller. .golangci.yml repeats them.
TAGS    ?= grpcnotrace,disable_grpc_modules
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X main.version=$(VERSION)
GOBUILD := go build -trimpath -tags '$(TAGS)' -ldflags '$(LDFLAGS)'

PLATFORMS := linux/amd64 linux/arm64 darwin/arm64 windows/amd64
# Node's packages are installed again when their lock file has changed.
NODE_MODULES := $(addsuffix /node_modules/.package-lock.json,test/foreign test/browser clients/js clients/web)

# What protocol changes are compared with: the protocol of the last tag.
BASELINE  := proto/singoff.binpb

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The page is built into the binaries' source tree, from which they embed it. Where npm isn't installed they are built without.
PAGE         := service/web/dist/page/index.html
PAGE_SOURCES := $(shell find clients/web clients/js/src \( -name node_modules -o -path clients/web/test \) -prune -o -type f -print)
.PHONY: page
page: ## Build the page from clients/web, if npm is there
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(PAGE); \
	else echo "npm isn't installed: the server is built without its page" >&2; fi

$(PAGE): $(PAGE_SOURCES) $(filter clients/%,$(NODE_MODULES))
	NODE_ENV=production npm run build --silent --prefix clients/web -- --logLevel warn # also within tests, which set another

.PHONY: run
run: page ## Start a server with defaults; ARGS='--flag ...' is passed to it
	@$(GOBUILD) -o bin/ ./cmd/singoffd
	@exec bin/singoffd $(ARGS)

.PHONY: build
build: page ## Build bin/singoffd and bin/singoff, stamped with the version
	$(GOBUILD) -o bin/ ./cmd/singoffd ./cmd/singoff

.PHONY: generate
generate: clients/js/node_modules/.package-lock.json ## Make gen/ and the TypeScript of clients/js from proto/; the network is used for nothing but npm's packages
	$(BUF) generate
	$(BUF) generate --template clients/js/buf.gen.yaml

.PHONY: protocol-baseline
protocol-baseline: ## Store the protocol as what later changes are compared with; for tagging a release
	$(BUF) build --exclude-source-info -o $(BASELINE)

$(BASELINE):
	$(MAKE) protocol-baseline

.PHONY: format
format: ## Format Go and protocol files in place
	$(GOLANGCI) fmt
	$(BUF) format --write

.PHONY: lint
lint: $(BASELINE) ## Check formatting, code, import directions and the protocol; changes nothing
	$(GOLANGCI) fmt --diff
	$(GOLANGCI) run
	$(BUF) format --diff --exit-code
	$(BUF) lint
	$(BUF) breaking --against $(BASELINE)

.PHONY: test
# The random schedules run a second time without the race detector, in their thousands; planted bugs run only without it.
test: packages $(NODE_MODULES) page ## Vet and test everything with the race detector; all that a fresh checkout needs
	go vet -race -tags '$(TAGS)' ./...
	go test -race -vet=off -tags '$(TAGS)' ./...
	go test -vet=off -tags '$(TAGS)' ./service/model ./service/simulation ./test/planted
	npm run --prefix clients/js check
	npm run --prefix clients/js test
	npm run --prefix clients/web check
	npm run --prefix clients/web test
	npm run --prefix test/browser check
	npm run --prefix test/browser test

# What tests need beside Go and Node: a C compiler for the race detector, nets of their own, proxies, another's gRPC, a browser. Installed where that is
# ours to do, asked for elsewhere.
PACKAGES := gcc libc6-dev iproute2 nginx-light caddy python3-grpcio python3-protobuf chromium fonts-noto-cjk fonts-noto-color-emoji
.PHONY: packages
packages:
	@command -v dpkg-query >/dev/null || { echo "this isn't Debian: what its packages $(PACKAGES) hold must be there" >&2; exit 0; }; \
	missing=$$(for p in $(PACKAGES); do \
		[ "$$(dpkg-query -W -f='$${db:Status-Status}' "$$p" 2>/dev/null)" = installed ] || echo "$$p"; done | xargs); \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing; \
	else \
		echo "the tests need packages: apt-get install $$missing" >&2; exit 1; \
	fi

$(NODE_MODULES): %/node_modules/.package-lock.json: %/package-lock.json
	npm ci --no-progress --prefix $(<D)
	@touch $@ # its time is that of the packing

# What takes long or needs more than other tests do, and says its figures.
LONG = npx --prefix test/browser vitest run --root test/browser --config vitest.long.config.ts

.PHONY: test-sound
test-sound: $(NODE_MODULES) page ## Measure how far apart two browsers are heard, by recording them, beside what their pages say; SINGOFF_SOUND_SECONDS=20
	@$(MAKE) --no-print-directory packages PACKAGES='chromium fonts-noto-cjk pulseaudio pulseaudio-utils'
	$(LONG) sound correlate

.PHONY: test-engines
test-engines: $(NODE_MODULES) page ## Hold the main battle in Firefox ESR and WebKitGTK
	@$(MAKE) --no-print-directory packages PACKAGES='firefox-esr webkit2gtk-driver gstreamer1.0-plugins-good pulseaudio pulseaudio-utils xvfb fonts-noto-cjk'
	$(LONG) engines

.PHONY: pictures
pictures: $(NODE_MODULES) page ## Make the pictures of the page in docs/ anew
	@$(MAKE) --no-print-directory packages PACKAGES='chromium fonts-noto-cjk fonts-noto-color-emoji'
	$(LONG) pictures

.PHONY: test-scroll
test-scroll: $(NODE_MODULES) page ## Measure what scrolling and searching 50,000 songs costs the page, on a computer and on a phone; SINGOFF_LIBRARY=DIR SINGOFF_PROFILES=DIR
	@$(MAKE) --no-print-directory packages PACKAGES='chromium fonts-noto-cjk'
	$(LONG) scroll

BENCH ?= .
COUNT ?= 6
.PHONY: bench
bench: ## Run benchmarks: BENCH=regexp COUNT=6; compare two outputs with `go tool -modfile=tools/go.mod benchstat OLD NEW`
	@go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) -tags '$(TAGS)' ./...

# A soak test is named TestSoak... and runs for as long as the duration in SINGOFF_SOAK; without it, for a moment.
SOAKTIME ?= 60s
.PHONY: soak
soak: packages ## Run the TestSoak... tests for SOAKTIME=60s each, with the race detector
	@dirs=$$(grep -rlE --include='*_test.go' --exclude-dir=node_modules '^func TestSoak' . | xargs -r dirname | sort -u); \
	if [ -z "$$dirs" ]; then echo "no TestSoak... in this tree" >&2; exit 1; fi; \
	SINGOFF_SOAK=$(SOAKTIME) go test -race -v -count=1 -p 1 -timeout 0 -run '^TestSoak' -tags '$(TAGS)' $$dirs

KILLS ?= 100
KILL_APART ?= 0
.PHONY: kill
kill: packages ## Kill the server KILLS=100 times in a row under 200 people in 30 rooms, all back for 0.3 to 1.5 s and KILL_APART=0 s more
	SINGOFF_KILLS=$(KILLS) SINGOFF_KILL_APART=$(KILL_APART) SINGOFF_KILL_ROOMS=30 SINGOFF_KILL_PEOPLE=200 go test -v -count=1 -timeout 0 -run '^TestKills$$' -tags '$(TAGS)' ./test/kill

SECONDS_OF_OUTAGES ?= 120
.PHONY: outages
outages: packages ## Cut 1,000 people off every 15 s for 2 s, by all ways in, for SECONDS_OF_OUTAGES=120
	SINGOFF_OUTAGES=$(SECONDS_OF_OUTAGES) go test -v -count=1 -timeout 0 -run '^TestOutages$$' -tags '$(TAGS)' ./test/outages

CUTS ?= 1000
.PHONY: power
power: packages ## Cut the power CUTS=1000 times, of a real file system (needs root) and of a disk that tears
	SINGOFF_POWER_CUTS=$(CUTS) SINGOFF_TORN_CUTS=$(CUTS) go test -v -count=1 -timeout 0 -run 'PowerCuts?$$' -tags '$(TAGS)' ./service/eventlog/sqlitelog

FUZZTIME ?= 30s
.PHONY: fuzz
fuzz: ## Fuzz every Fuzz... target for FUZZTIME=30s, one after the other
	@targets=$$(grep -rEo --include='*_test.go' --exclude-dir=node_modules '^func Fuzz[A-Za-z0-9_]*' . | sort); \
	if [ -z "$$targets" ]; then echo "no Fuzz... in this tree" >&2; exit 1; fi; \
	while IFS=: read -r file func; do \
		echo "$${func#func } in $$(dirname "$$file")"; \
		go test -run '^$$' -fuzz "^$${func#func }\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5x -tags '$(TAGS)' "$$(dirname "$$file")" </dev/null; \
	done <<< "$$targets"

.PHONY: demo-songs
demo-songs: ## Make the demo songs anew; needs lame (Debian's package)
	go run ./service/catalog/demo/generate -out service/catalog/demo/songs

# Not a benchmark of Go's: servers in processes of their own, one after the other.
.PHONY: load
load: ## Measure what a delivery costs by each way in, beside a bare TCP server; ARGS='-rooms 125 -members 8 -rate 20'
	@go run ./test/load $(ARGS)

.PHONY: cross
cross: ## Build both commands for every platform, without cgo, and throw the result away
	@dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	for platform in $(PLATFORMS); do \
		echo "build $$platform"; \
		CGO_ENABLED=0 GOOS=$${platform%/*} GOARCH=$${platform#*/} $(GOBUILD) -o "$$dir/$$platform/" ./cmd/singoffd ./cmd/singoff; \
	done

# What a stripped singoffd for linux/amd64 may weigh, in bytes; the drivers of s3:// and gs:// are most of what isn't ours.
MAX_SIZE := 60000000
.PHONY: size
size: ## Say how large singoffd is with and without cloud drivers, for linux/amd64; fails above 60 MB
	@dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	for tags in '$(TAGS)' '$(TAGS),nocloud'; do \
		CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -trimpath -tags "$$tags" -ldflags '$(LDFLAGS)' -o "$$dir/singoffd" ./cmd/singoffd; \
		bytes=$$(stat -c %s "$$dir/singoffd"); \
		echo "$$bytes bytes, tags $$tags"; \
		[ "$$bytes" -le $(MAX_SIZE) ] || { echo "more than $(MAX_SIZE)" >&2; exit 1; }; \
	done

.PHONY: clean
clean: ## Remove what these targets made
	rm -rf bin
