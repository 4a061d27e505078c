# Everything that is done with Koppi. Two commands suffice: `make run`, `make test`.
export GOTOOLCHAIN := go1.27.3
# As the image is built, so that everything is compiled once.
export GOFLAGS := -buildvcs=false -trimpath
export CGO_ENABLED := 0
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

MODULES := proto gateway/kits/go pkg services gateway deploy
CONTRACT := gateway/contract
KITS := gateway/kits
WEB := gateway/web
# What npm brings for the three of them: one workspace.
WORKSPACE := gateway/node_modules
BUF := proto/node_modules/.bin/buf
GOLANGCI := .bin/golangci-lint
GOLANGCI_VERSION := v2.15.0
KOPPI := go run ./deploy/cmd/koppi
FUZZTIME ?= 5m
GOVULNCHECK := .bin/govulncheck
GOVULNCHECK_VERSION := v1.9.0
CYCLONEDX := .bin/cyclonedx-gomod
CYCLONEDX_VERSION := v1.10.0
# The Go vulnerability database as it stood then; `make vuln VULNDB_VERSION=latest` asks for the newest.
VULNDB_VERSION ?= v0.0.0-20261105234957-e22db6528018
# A database elsewhere: https://vuln.go.dev, or file:///folder of a mirror.
VULNDB ?=

# What checks and tests need: what is installed, one after the other since apt-get locks, and then what
# is fetched and built, which runs at once.
GENERATES := need-go $(BUF) $(WORKSPACE) .protodeps
INSTALLED := need-go need-node need-python need-chromium need-servers
BUILT := kits pages compiled
ATONCE := $(MAKE) --no-print-directory -j 3

.PHONY: help run demo fsck test unit lint generate verify fuzz soak bench bench-growth vuln sbom rootfs kits pages compiled need-go need-node need-python need-chromium need-servers need-manager

help: ## Show this help
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: need-go ## Run everything in one process on http://127.0.0.1:8080
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory pages kits; \
	  else echo 'Node is missing: the API runs, the pages and the partners'\'' kits do not. For them: apt-get install nodejs npm'; fi
	$(KOPPI) up --dev

demo: need-go ## Replay the scenarios and show who was told what
	$(KOPPI) demo

fsck: need-go ## Verify the journals in data/, at rest
	$(KOPPI) fsck

test: $(INSTALLED) ## Check generated code and modules, and run all tests
	@$(ATONCE) $(GENERATES) $(BUILT)
	@./deploy/unit.sh $(WEB) './deploy/verify.sh $(BUF) $(MODULES)' $(MODULES)

unit: $(INSTALLED) ## Run all tests
	@$(ATONCE) $(BUILT)
	@./deploy/unit.sh $(WEB) true $(MODULES)

lint: need-go $(GOLANGCI) $(WORKSPACE) ## Lint all modules, and the pages' types
	cd $(WEB) && npx tsc --noEmit
	$(GOLANGCI) run $(addprefix ./,$(addsuffix /...,$(MODULES)))

generate: $(GENERATES) ## Generate Go and TypeScript from the .proto files
	$(BUF) format -w proto
	rm -rf proto/gen $(CONTRACT)/gen gateway/docs/gen
	$(BUF) generate --template proto/buf.gen.yaml
	$(BUF) generate --template $(CONTRACT)/buf.gen.yaml
	$(BUF) generate --template gateway/docs/buf.gen.yaml

kits: $(KITS)/dist/packed/SHA256SUMS ## Pack the partners' kits into the folder that the gateway embeds

pages: $(WEB)/dist/pages/index.html ## Build the pages into the folder that the gateway embeds

# What does not contain the pages is compiled while they are built.
compiled: need-go
	@go build ./proto/... ./pkg/... ./services/...

verify: $(GENERATES) ## Check that generated code, modules and the contract are in order
	@./deploy/verify.sh $(BUF) $(MODULES)

fuzz: need-go ## Fuzz each target for FUZZTIME (5m)
	@./deploy/fuzz.sh $(FUZZTIME) $(MODULES)

soak: $(INSTALLED) need-manager pages kits ## Run the property tests for long
	for service in concern referral consultation plan; do \
	  go test ./services/$$service/internal/rules -run TestInvariants -rapid.checks=30000 -timeout 120m -count=1 || exit 1; done
	go test ./services/concern/internal/rules -run TestNoSideChannels -rapid.checks=20000 -timeout 60m -count=1
	go test ./pkg/journal/sqlite -run 'TestPlans$$' -rapid.checks=2000 -timeout 60m -count=1
	go test ./pkg/mailbox -run TestMessagesOfAnyKindAndSizeArrive -rapid.checks=3000 -timeout 60m -count=1
	go test ./pkg/mailbox/merged -run TestPagesOfAllSizes -rapid.checks=2000 -timeout 60m -count=1
	SOAK_MOMENTS=3000 go test ./pkg/journal/sqlite -run TestPowerLoss -timeout 60m -count=1 -v
	SOAK_FIELDS=1 go test ./deploy/e2e/attack -run TestCodesGoNowhere -timeout 90m -count=1 -v
	go test ./pkg/idcode -run TestFindDisguisedCodes -rapid.checks=200000 -timeout 60m -count=1
	SOAK_PAIRS=10000 go test ./deploy/e2e/pairs -run 'TestPairs(OfUnits)?$$' -timeout 240m -count=1 -v
	SOAK_FRAMES=100000 go test ./deploy/e2e/attack -run 'TestMalformedFrames|TestLongBrokenFrames' -timeout 90m -count=1 -v
	SOAK_ROUNDS=1000 go test ./deploy/e2e/matters -run 'TestTwoTakeOneConsultation|TestLongTwoEditTwoGoals|TestTimeline|TestScenarios|TestLongScenariosDistributed' -timeout 60m -count=1
	SOAK_DATES=500 go test ./deploy/e2e/refusals -run TestPropertyDatesChangeNoHistory -timeout 60m -count=1
	go test -vet=off ./deploy/e2e/... ./pkg/journal/postgres -run '^TestLong' -skip 'TestLong(TwoEditTwoGoals|BrokenFrames|ScenariosDistributed|LoadSoak|Chaos)$$' -p 1 -timeout 60m -count=1
	SOAK_FAILOVERS=10 go test ./deploy/e2e/resilience -run TestFailover -timeout 60m -count=1 -v
	go test -tags soak ./deploy/e2e/resilience -run TestManagedFailover -timeout 60m -count=1 -v
	cd $(WEB) && SOAK_PAGES=1 npx playwright test
	SOAK_LOAD=30m go test ./deploy/e2e/operations -run TestLongLoadSoak -timeout 60m -count=1 -v
	SOAK_CHAOS=5m go test ./deploy/e2e/resilience -run TestLongChaos -timeout 60m -count=1 -v

bench: need-go need-servers ## Measure journal, delivery and accepted commands, beside what the servers do alone
	go test ./pkg/journal/sqlite ./pkg/mailbox -run '^$$' -bench . -benchtime 2s
	go test -tags bench ./deploy/bench -run 'TestBench$$' -count=1 -v -timeout 30m 2>/dev/null | grep -v '^{'

bench-growth: need-go need-servers ## Measure among 10^4 to 10^6 stored events, a reader far behind, and each reading of a million open matters
	go test -tags bench ./deploy/bench -run 'TestGrowth$$|TestPeople$$|TestCountry$$' -count=1 -v -timeout 90m 2>/dev/null | grep -v '^{'

vuln: need-go $(GOVULNCHECK) ## Scan what is called for known vulnerabilities, offline
	@./deploy/vuln.sh $(GOVULNCHECK) $(VULNDB_VERSION) "$(VULNDB)" $(MODULES)

sbom: need-go $(CYCLONEDX) ## List what each program is made of in sbom/ (CycloneDX)
	@./deploy/sbom.sh $(CYCLONEDX)

rootfs: need-go pages kits ## Build the image's root file system in .tools/rootfs, without Docker
	@./deploy/image/rootfs.sh .tools/rootfs

need-go:
	@command -v go >/dev/null || { echo 'Go is missing: apt-get install golang, or https://go.dev/dl (1.21 or newer fetches the rest)'; exit 1; }

need-node:
	@command -v npm >/dev/null || { echo 'Node is missing: apt-get install nodejs npm'; exit 1; }

need-chromium:
	@command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	  $(call install,chromium-headless-shell,the browser that the page is tested in) || $(call install,chromium,the browser that the page is tested in)

need-python:
	@command -v python3 >/dev/null || $(call install,python3,the language of one of the kits for partners)

need-servers:
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || $(call install,postgresql,the database that the journal is tested on)
	@command -v redis-server >/dev/null || $(call install,redis-server,which carries wakes between processes)
	@command -v pgbouncer >/dev/null || test -x /usr/sbin/pgbouncer || $(call install,pgbouncer,the pooler that the journal is tested behind)
	@command -v promtool >/dev/null || $(call install,prometheus,which alarms and dashboards are tested with)

need-manager:
	@command -v patroni >/dev/null && command -v etcd >/dev/null || $(call install,patroni etcd-server,which manage a primary and its standby)

# install brings a missing part where that is possible, and says how where it is not.
define install
{ if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && apt-get install -y -qq $(1); \
  else echo '$(1) is missing, $(2): apt-get install $(1)'; exit 1; fi; }
endef

$(BUF): proto/package-lock.json | need-node
	cd proto && npm ci --no-audit --no-fund --silent
	@touch $@

$(WORKSPACE): gateway/package-lock.json | need-node
	cd gateway && npm ci --no-audit --no-fund --silent
	@touch $@

$(WEB)/dist/pages/index.html: $(WORKSPACE) $(WEB)/index.html $(WEB)/vite.config.ts $(shell find $(WEB)/src $(CONTRACT)/gen $(WEB)/public -type f)
	cd $(WEB) && npx vite build --logLevel warn

$(KITS)/node/dist/index.js: $(WORKSPACE) $(addprefix $(KITS)/node/,package.json tsconfig.json) $(shell find $(KITS)/node/src $(CONTRACT)/gen -type f)
	cd $(KITS)/node && npm run -s build

$(KITS)/dist/packed/SHA256SUMS: $(KITS)/node/dist/index.js LICENSE $(shell find $(KITS)/go $(KITS)/pack $(KITS)/python $(KITS)/node/README.md pkg/version proto/koppi proto/vectors proto/go.mod proto/gen -type f)
	go run ./$(KITS)/pack >/dev/null

.protodeps: proto/tools/go.mod proto/tools/protodeps/main.go
	GOWORK=off go -C proto/tools run ./protodeps "$(CURDIR)/.protodeps"
	@touch $@

$(GOLANGCI):
	GOWORK=off GOBIN="$(CURDIR)/.bin" go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

$(GOVULNCHECK):
	GOWORK=off GOBIN="$(CURDIR)/.bin" go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)

$(CYCLONEDX):
	GOWORK=off GOBIN="$(CURDIR)/.bin" go install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX_VERSION)
