// Package functions builds every function as it deploys, for the measurements and the upgrade.
package functions

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// flagsIn is the Makefile's variable with the build flags. They are read from there, so that what is measured is
// what deploys.
const flagsIn = "GOFLAGS_FUNCTIONS"

// Build builds every function of the repository at root into the folder out, in one go build. arch is a GOARCH for
// Lambda's Linux, or "" for this machine. packages are built beside them, with the same flags.
func Build(ctx context.Context, root, out, arch string, packages ...string) error {
	return build(ctx, root, out, arch, nil, packages)
}

// Again builds every function for this machine from the same sources as Build, as other binaries: the stamp is their
// build id.
func Again(ctx context.Context, root, out, stamp string) error {
	return build(ctx, root, out, "", []string{"-ldflags", "-s -w -buildid=" + stamp}, nil)
}

// build builds with the Makefile's flags; those in more win over them.
func build(ctx context.Context, root, out, arch string, more, packages []string) error {
	flags, err := makefileFlags(filepath.Join(root, "Makefile"))
	if err != nil {
		return err
	}
	flags = append(flags, more...)
	out, err = filepath.Abs(out)
	if err != nil {
		return err
	}
	args := append([]string{"build"}, flags...)
	args = append(args, "-o", out+string(filepath.Separator), "./functions/...")
	cmd := exec.CommandContext(ctx, "go", append(args, packages...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if arch != "" {
		cmd.Env = append(cmd.Env, "GOOS=linux", "GOARCH="+arch)
	}
	if told, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the functions: %w\n%s", err, told)
	}
	return nil
}

// makefileFlags reads the build flags.
func makefileFlags(makefile string) ([]string, error) {
	f, err := os.Open(makefile)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), ":="); ok && strings.TrimSpace(name) == flagsIn {
			return words(value), nil
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%s does not set %s", makefile, flagsIn)
}

// words splits at spaces outside double quotes, as the shell does with these flags.
func words(s string) []string {
	quoted := false
	fields := strings.FieldsFunc(s, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
	for i, f := range fields {
		fields[i] = strings.ReplaceAll(f, `"`, "")
	}
	return fields
}
