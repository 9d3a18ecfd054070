// Package infra_test holds the arrows between the packages: who may know whom.
package infra_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/fairlead/fairlead/"
	sdk    = "github.com/aws/aws-sdk-go-v2"
	lambda = "github.com/aws/aws-lambda-go"
)

// pkg is what `go list -json` says of a package. Imports are those of the code, not of its tests.
type pkg struct {
	ImportPath, Name string
	Imports          []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Imports", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// under tells whether an import path is one of folders or below it. Folders are the module's own.
func under(p string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool {
		if f == "" {
			return strings.HasPrefix(p, module)
		}
		return p == module+f || strings.HasPrefix(p, module+f+"/")
	})
}

func standard(p string) bool {
	first, _, _ := strings.Cut(p, "/")
	return !strings.Contains(first, ".")
}

// features are what Fairlead does; they know ports, never drivers.
var features = []string{"shared/booking", "shared/callback", "shared/account", "shared/quoting", "shared/batch", "shared/operating"}

// forTests are what is there for tests and proofs only.
var forTests = []string{"shared/sim", "shared/store/ddbsim", "shared/store/dynamotest", "shared/store/conformance"}

// arrows are the rules: from some packages, an import is allowed or not.
var arrows = []struct {
	say  string
	from func(p string) bool
	ok   func(imp string) bool
}{
	{"ship imports the standard library only",
		func(p string) bool { return under(p, "shared/ship") }, standard},
	{"a mutant imports the standard library only",
		func(p string) bool { return under(p, "shared/mutant") }, standard},
	{"the client imports the standard library only: who uses it links no server",
		func(p string) bool { return p == module+"shared/client" }, standard},
	{"the carrier port knows the vocabulary only",
		func(p string) bool { return p == module+"shared/carrier" },
		func(i string) bool { return !under(i, "") || under(i, "shared/ship", "shared/mutant") }},
	{"a carrier knows the port, the vocabulary and itself",
		func(p string) bool { return under(p, "shared/carriers") },
		func(i string) bool {
			return !under(i, "") || under(i, "shared/carrier", "shared/ship", "shared/oauth", "shared/carriers")
		}},
	{"features never know the composition root, a carrier, a database or the AWS SDK",
		func(p string) bool { return under(p, features...) },
		func(i string) bool {
			return !under(i, "shared/boot", "shared/carriers", "shared/store", "infra") && !strings.HasPrefix(i, sdk) && !strings.HasPrefix(i, lambda)
		}},
	{"a function is wiring: it knows boot, the edges and the Lambda library",
		func(p string) bool { return under(p, "functions") },
		func(i string) bool {
			return under(i, "shared/boot", "shared/api", "shared/queue") || i == lambda+"/lambda"
		}},
	{"the AWS SDK is known to boot, the database and the drivers only",
		func(p string) bool {
			return !under(p, "shared/boot", "shared/store", "shared/queue/sqsqueue", "shared/secret/kmskeys", "shared/document/s3blobs", "shared/sim", "infra")
		},
		func(i string) bool { return !strings.HasPrefix(i, sdk) }},
	{"the Lambda library is known to the edges, boot and functions only",
		func(p string) bool {
			return !under(p, "shared/api", "shared/queue", "shared/boot", "functions", "shared/sim", "infra/local/testdata", "infra/bench/start/empty")
		},
		func(i string) bool { return !strings.HasPrefix(i, lambda) }},
	{"what deploys never knows infra, the simulator or a database for tests",
		func(p string) bool { return under(p, "shared", "functions") && !under(p, forTests...) },
		func(i string) bool { return !under(i, "infra") && !under(i, forTests...) }},
	{"only boot's own parts and functions know boot",
		func(p string) bool { return !under(p, "shared/boot", "functions") },
		func(i string) bool { return !under(i, "shared/boot") }},
}

func TestArrows(t *testing.T) {
	all := packages(t)
	for _, a := range arrows {
		t.Run(a.say, func(t *testing.T) {
			looked := 0
			for _, p := range all {
				if !a.from(p.ImportPath) {
					continue
				}
				looked++
				for _, i := range p.Imports {
					if !a.ok(i) {
						t.Errorf("%s imports %s", strings.TrimPrefix(p.ImportPath, module), strings.TrimPrefix(i, module))
					}
				}
			}
			if looked == 0 {
				t.Error("the rule is about no package")
			}
		})
	}
}

func TestNames(t *testing.T) {
	for _, p := range packages(t) {
		if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "model", "models", "types", "base"}, path.Base(p.ImportPath)) {
			t.Errorf("%s says nothing about what is in it", p.ImportPath)
		}
	}
}
