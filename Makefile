# What one does with this repository. `make` alone lists it.

GO             ?= go
GOLANGCI_LINT  := golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK    := golang.org/x/vuln/cmd/govulncheck@v1.9.0
BIN            := $(CURDIR)/bin
FUZZTIME       ?= 5m

# What the tests with real servers run, and the Debian packages that hold it.
PROGRAMS := setfacl gcc rg unshare ip smbd smbclient samba samba-tool winbindd ldbadd kinit nsenter npm cargo pip3 openssl ssh-keygen git /usr/bin/aws chromium \
            soffice ps2pdf rsvg-convert qpdf 7z sqlite3 convert tesseract pdftotext docx2txt xlsx2csv ripmime catdoc unrtf
PACKAGES := acl gcc libc6-dev ripgrep util-linux iproute2 samba samba-vfs-modules smbclient \
            samba-ad-dc samba-ad-provision samba-dsdb-modules python3-samba winbind ldb-tools krb5-user \
            npm cargo python3-pip openssl openssh-client git awscli chromium \
            libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui ghostscript librsvg2-bin qpdf p7zip-full sqlite3 \
            imagemagick tesseract-ocr tesseract-ocr-eng fonts-dejavu-core poppler-utils docx2txt xlsx2csv ripmime catdoc unrtf

.DEFAULT_GOAL := help
.PHONY: help build test test-race test-purego test-real lint cross deps vuln bench corpus recall soak fuzz clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build ./mislaid, static and stripped
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=auto -ldflags '-s -w' -o mislaid ./cmd/mislaid

test: ## the quick tests: no server, nothing installed
	$(GO) test -timeout 20m ./...

test-race: ## the quick tests with the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -timeout 30m ./...

test-purego: ## the detectors' tests without assembly
	$(GO) test -tags purego ./detectors/...

test-real: ## the quick tests and those with real servers; make deps first
	@test -x $(BIN)/versitygw || { echo 'bin/versitygw is missing: run make deps' >&2; exit 1; }
	PATH="$(BIN):$$PATH" $(GO) test -count=1 -timeout 30m -tags real ./...
	cd tools/policyoracle && $(GO) test -mod=mod -count=1 ./... -rapid.checks=5000

lint: ## gofmt, go vet and golangci-lint; make deps first
	@test -x $(BIN)/golangci-lint || { echo 'bin/golangci-lint is missing: run make deps' >&2; exit 1; }
	@unformatted="$$(gofmt -l cmd detectors internal sources verify)"; test -z "$$unformatted" || { echo "gofmt: $$unformatted" >&2; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags 'real soak' ./...
	$(BIN)/golangci-lint run ./...

cross: ## vet and build for every platform
	for os in linux darwin windows; do \
		echo "GOOS=$$os"; \
		CGO_ENABLED=0 GOOS=$$os $(GO) vet ./... && CGO_ENABLED=0 GOOS=$$os $(GO) build -o /dev/null ./cmd/mislaid || exit 1; \
	done
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) build -o /dev/null ./cmd/mislaid

deps: ## install what lint and test-real need (as root also from apt)
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		missing=; for program in $(PROGRAMS); do command -v $$program >/dev/null || missing="$$missing $$program"; done; \
		test -z "$$missing" || \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(PACKAGES); }; \
	fi
	mkdir -p $(BIN)
	$(GO) build -modfile=tools/go.mod -o $(BIN)/versitygw github.com/versity/versitygw/cmd/versitygw
	test -x $(BIN)/golangci-lint || GOBIN=$(BIN) $(GO) install github.com/golangci/$(GOLANGCI_LINT)

vuln: ## look for known weaknesses in what we link (asks vuln.go.dev)
	$(GO) run $(GOVULNCHECK) ./...

bench: ## time the engine and the program beside rg and cat
	$(GO) run ./internal/bench

recall: ## compare the text of real documents with what other programs read: make recall ARGS='-v /usr/share/doc'
	$(GO) run ./internal/bench/recall $(ARGS)

corpus: ## plant keys in every shape and count what is found: make corpus ARGS='-seed 7 -v'
	$(GO) run ./internal/bench/corpus $(ARGS)

soak: ## hours: big trees, kills and fuzzing
	$(GO) test -count=1 -timeout 4h -v -run TestSoak -tags 'real soak' ./cmd/mislaid
	$(MAKE) fuzz

fuzz: ## fuzz every fuzz test for FUZZTIME
	@for pkg in $$($(GO) list ./...); do \
		for name in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "$$pkg $$name"; $(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

clean: ## remove what was built
	rm -rf mislaid bin
