// Package localtest builds the small Lambda functions that the tests of the local stack run.
package localtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var built = sync.OnceValues(build)

// Bin is a folder with the functions under infra/local/testdata, built once for each test binary.
func Bin(t testing.TB) string {
	t.Helper()
	dir, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func build() (string, error) {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("finding the module: %w", err)
	}
	dir, err := os.MkdirTemp("", "fairlead-functions-")
	if err != nil {
		return "", err
	}
	args := []string{"build", "-tags", "lambda.norpc", "-buildvcs=false", "-o", dir + "/"}
	for _, name := range []string{"probe", "consumer", "authorizer", "broken"} {
		args = append(args, "./infra/local/testdata/"+name)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = strings.TrimSpace(string(root))
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the test functions: %w\n%s", err, out)
	}
	return dir, nil
}

// Main runs a package's tests and removes what Bin built. Call it from TestMain.
func Main(m *testing.M) {
	code := m.Run()
	if dir, err := built(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// Eventually waits until ok is true, and fails the test with what when it is not within ten seconds.
func Eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Lines reads a file of one JSON value a line; a missing file has none, and a line that is still being written is not
// there yet.
func Lines(t *testing.T, file string) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Clean(file))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	whole := strings.Split(string(raw), "\n")
	return whole[:len(whole)-1]
}
