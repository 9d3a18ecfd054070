// Command zips builds every function as it deploys, zips each as Lambda gets it and prints the sizes. It fails when
// one is over the budget: a large zip starts slowly.
package main

import (
	"archive/zip"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"text/tabwriter"

	"github.com/fairlead/fairlead/infra/bench/functions"
)

// most is how large a function's zip may be, in bytes.
const most = 6 * 1024 * 1024

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root := flag.String("root", ".", "the repository")
	arch := flag.String("arch", "arm64", "the architecture, as Go names it")
	flag.Parse()
	over, err := run(ctx, *root, *arch, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "zips:", err)
	}
	if err != nil || over > 0 {
		os.Exit(1)
	}
}

// run prints one line for each function and returns how many are over the budget.
func run(ctx context.Context, root, arch string, out io.Writer) (over int, err error) {
	dir, err := os.MkdirTemp("", "fairlead-zips-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := functions.Build(ctx, root, dir, arch); err != nil {
		return 0, err
	}
	programs, err := os.ReadDir(dir) // by name
	if err != nil {
		return 0, err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintf(w, "function (%s)\tprogram, bytes\tzip, bytes\tof the budget\t\n", arch)
	for _, p := range programs {
		program, err := os.ReadFile(filepath.Join(dir, p.Name()))
		if err != nil {
			return 0, err
		}
		packed, err := pack(program)
		if err != nil {
			return 0, fmt.Errorf("zipping %s: %w", p.Name(), err)
		}
		verdict := ""
		if packed > most {
			over++
			verdict = "  OVER"
		}
		_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%d %%%s\t\n", p.Name(), len(program), packed, packed*100/most, verdict)
	}
	_ = w.Flush()
	_, _ = fmt.Fprintf(out, "%d functions, %d over the budget of %d bytes\n", len(programs), over, most)
	return over, nil
}

// pack zips a program as Lambda wants it and returns the size. Nothing in the zip depends on the time or the machine.
func pack(program []byte) (int, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755)
	w, err := z.CreateHeader(header)
	if err != nil {
		return 0, err
	}
	if _, err := w.Write(program); err != nil {
		return 0, err
	}
	err = z.Close()
	return out.Len(), err
}
