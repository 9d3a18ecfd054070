# Fairlead. `make help` lists what there is; `make run` and `make test` need Go, npm and a network for the first time.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test localstack sam-local sam-tools upgrade-test contract contract-tools fuzz check generate tools emulators functions zips cost limits bench sim mutants explore compare chaos ops clean

WORK := .fairlead
TOOL := go tool -modfile=infra/tools/go.mod
GOFLAGS_FUNCTIONS := -trimpath -buildvcs=false -tags lambda.norpc -ldflags "-s -w"
LAMBDA_GOARCH ?= arm64

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: emulators functions ## start the whole platform here and book a shipment (ARGS="-help" lists its flags)
	@go build -o $(WORK)/local ./infra/cmd/local
	@exec $(WORK)/local $(ARGS)

ops: ## operate the stack that runs here, or one on AWS (ARGS="help" lists the commands)
	@go build -o $(WORK)/ops ./infra/cmd/ops
	@$(WORK)/ops $(ARGS)

test: emulators ## run every test, the end-to-end scenario included
	go test -race -shuffle=on -timeout 25m ./...
	go test -shuffle=on ./shared/sim/explore

localstack: ## the end-to-end scenario with LocalStack as data plane: one that runs (LOCALSTACK_URL), by Docker, or by a command (FAIRLEAD_LOCALSTACK)
	@go build -o $(WORK)/cmd/localstack ./infra/cmd/localstack
	@exec $(WORK)/cmd/localstack

sam-local: emulators ## validate and build by the SAM command line, invoke every sample event in a container, and try start-api; needs sam and Docker (ARGS="-only REGEX")
	@go build -o $(WORK)/cmd/samlocal ./infra/cmd/samlocal
	@exec $(WORK)/cmd/samlocal $(ARGS)

sam-tools: $(WORK)/samlocal/venv/installed ## install the SAM command line (pip, into a folder of its own)
$(WORK)/samlocal/venv/installed: infra/samlocal/requirements.txt
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "the SAM command line needs python3, 3.11 or later, on the PATH"; exit 1; }
	@rm -rf $(@D) && python3 -m venv $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $< || { echo "the SAM command line can't be installed: pip tells above why, and needs a package index that has what $< names"; exit 1; }
	@touch $@

upgrade-test: emulators ## replace every function under load, one by one, and back: no failed request, no duplicate, no loss (RATE=4 EVERY=1s FROM=a commit whose functions are the old ones)
	@go build -o $(WORK)/cmd/upgrade ./infra/cmd/upgrade
	@exec $(WORK)/cmd/upgrade -rate $(or $(RATE),4) -every $(or $(EVERY),1s) -from "$(FROM)"

contract: emulators contract-tools ## hold the running platform against infra/openapi.yaml with schemathesis; needs python3 (EXAMPLES=100 SEED=1)
	@go build -o $(WORK)/contract/contract ./infra/cmd/contract
	@exec $(WORK)/contract/contract -examples $(or $(EXAMPLES),100) -seed $(or $(SEED),1)

contract-tools: $(WORK)/contract/venv/installed ## install schemathesis (pip, into a folder of its own)
$(WORK)/contract/venv/installed: infra/contract/requirements.txt
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "schemathesis needs python3, 3.11 or later, on the PATH"; exit 1; }
	@rm -rf $(@D) && python3 -m venv $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $< || { echo "schemathesis can't be installed: pip tells above why, and needs a package index that has what $< names"; exit 1; }
	@touch $@

emulators: infra/local/node_modules/.package-lock.json ## bring DynamoDB, SQS and S3 for this machine (npm)
infra/local/node_modules/.package-lock.json: infra/local/package-lock.json
	npm ci --prefix infra/local --no-audit --no-fund --loglevel=error

functions: ## build every function for this machine
	@mkdir -p $(WORK)/bin
	CGO_ENABLED=0 go build $(GOFLAGS_FUNCTIONS) -o $(WORK)/bin/ ./functions/...

zips: ## build every function for Lambda and print the size of its zip
	go run ./infra/bench/zips -arch $(LAMBDA_GOARCH)

cost: emulators functions ## book through the local stack, count DynamoDB's units and print the list price (UPDATE=1 writes the tables)
	go run ./infra/bench/cost $(if $(UPDATE),-update)

limits: ## count what limits cost, in virtual time, against their goals (UPDATE=1 writes the tables)
	go test ./infra/bench/limits -run TestFigures -count 1 -v $(if $(UPDATE),-args -update)

bench: emulators functions ## measure starts, sizes, costs and load, against their goals; about 13 minutes (UPDATE=1 writes the tables)
	go run ./infra/bench/start
	go run ./infra/bench/zips -arch $(LAMBDA_GOARCH)
	go run ./infra/bench/cost $(if $(UPDATE),-update)
	go run ./infra/bench/load $(if $(UPDATE),-update)
	$(MAKE) --no-print-directory limits

# The proofs. RACE=-race builds them with the race detector.
SEEDS ?= 10000
ORDERS ?= 100
WEEK ?= 2000
sim: ## simulate SEEDS runs of ORDERS shipments, every fault at the seed's will, and a bad week (SEEDS=10000 ORDERS=100)
	@mkdir -p $(WORK) && go test $(RACE) -c -o $(WORK)/sim.test ./shared/sim
	@cd shared/sim && exec ../../$(WORK)/sim.test -test.timeout 0 -test.run 'TestSwarm|TestBadWeek|TestWithoutFaults|TestEqualSeeds' -seeds $(SEEDS) -orders $(ORDERS) -week $(WEEK)

mutants: ## take each guard out of the code, one at a time: the simulation must notice (BUDGET=100 seeds each; UPDATE=1 writes the table)
	@go test -tags mutants ./shared/sim -run '^TestMutants$$' -v -count=1 -timeout 0 -budget $(or $(BUDGET),100) $(if $(UPDATE),-update) | { grep -v -e '^=== ' -e '^    --- ' || true; }

explore: ## walk through every reachable state of one shipment (LARGE=1: a configuration takes minutes)
	@go test ./shared/sim/explore -v -count=1 -timeout 0 $(if $(LARGE),-large) | { grep -v '^=== RUN' || true; }

compare: ## the same faults for Fairlead and for the best-known published algorithms (BOOKINGS=5000; UPDATE=1 writes the table)
	@go test ./shared/sim -run '^TestCompare$$' -v -count=1 -timeout 0 -compare-bookings $(or $(BOOKINGS),5000) $(if $(UPDATE),-update) | { grep -v '^=== ' || true; }

chaos: emulators ## a bad hour on the local stack: faults, kills, duplicates, restarts (BOOKINGS=1000 SEED=n)
	@mkdir -p $(WORK) && go build -o $(WORK)/chaos ./infra/cmd/chaos
	@exec $(WORK)/chaos -bookings $(or $(BOOKINGS),1000) -seed $(or $(SEED),0)

# Each fuzzer by its file, so that one package is built at a time. A fuzzer that is interrupted by the end of its time while
# it starts an input says only "context deadline exceeded" (go.dev/issue/75804): nothing was found then.
FUZZTIME ?= 60s
fuzz: ## run every fuzzer for FUZZTIME, one after the other, and print what each executed (FUZZTIME=60s FUZZ=part of a name)
	@grep -roH --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' functions infra shared | { grep ':func .*$(FUZZ)' || { echo "no fuzzer has $(FUZZ) in its name" >&2; exit 1; }; } | sort | while IFS=: read -r file name; do \
		dir=$$(dirname "$$file") name=$${name#func }; \
		if ! said=$$(go test "./$$dir" -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) 2>&1) && { \
			grep -q 'Failing input' <<<"$$said" || ! grep -q '^ *context deadline exceeded$$' <<<"$$said"; }; then \
			echo "$$said"; echo "$$dir $$name failed"; exit 1; \
		fi; \
		echo "$$dir $$name: $$(grep -o 'execs: [0-9]*' <<<"$$said" | tail -1)"; \
	done

generate: ## make the generated files anew
	go generate ./...
	cd infra/tools && go tool oapi-codegen -config oapi-codegen.yaml ../openapi.yaml
	cd infra/tools && go tool oapi-codegen -config oapi-codegen-client.yaml ../openapi.yaml

check: ## formatting, vet, staticcheck, generated files, module files
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not formatted:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	$(TOOL) staticcheck ./...
	go mod tidy -diff
	$(MAKE) --no-print-directory generate
	@git diff --exit-code -- '*.gen.go' '*.gen.json' '*.gen.html' infra/docs/errors.md infra/docs/metrics.md || { echo "generated files are not up to date: run make generate and commit"; exit 1; }

# SAM builds each function with its logical id: build-CreateShipment -> functions/create-shipment.
# The parameters go into the zip: SAM publishes a version when that changes, and does not look at what they are.
build-%:
	GOOS=linux GOARCH=$(LAMBDA_GOARCH) CGO_ENABLED=0 go build $(GOFLAGS_FUNCTIONS) -o "$(ARTIFACTS_DIR)/bootstrap" \
		./functions/$(shell echo '$*' | sed -E 's/([a-z0-9])([A-Z])/\1-\2/g' | tr '[:upper:]' '[:lower:]')
	cp samconfig.toml "$(ARTIFACTS_DIR)/"

clean: ## remove what was built and the local stack's data
	rm -rf $(WORK) .aws-sam
