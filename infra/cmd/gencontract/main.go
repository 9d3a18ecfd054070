// Command gencontract turns infra/openapi.yaml into what the functions embed: the document as JSON, and the table of its
// operations.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/format"
	"os"

	"github.com/goccy/go-yaml"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: gencontract infra/openapi.yaml openapi.gen.json operations.gen.go")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "gencontract:", err)
		os.Exit(1)
	}
}

func run(from, document, operations string) error {
	in, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	doc, err := yaml.YAMLToJSON(in)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, doc); err != nil {
		return err
	}
	out.WriteByte('\n')
	if err := os.WriteFile(document, out.Bytes(), 0o644); err != nil {
		return err
	}
	table, err := tabulate(doc)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	source, err := format.Source(table)
	if err != nil {
		return err
	}
	return os.WriteFile(operations, source, 0o644)
}
