// Command gencontract turns infra/openapi.yaml into what the functions embed: the document as JSON, the table of its
// operations, and the page for people.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/format"
	"os"

	"github.com/goccy/go-yaml"

	"github.com/fairlead/fairlead/shared/api"
)

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: gencontract infra/openapi.yaml openapi.gen.json operations.gen.go reference.gen.html")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, "gencontract:", err)
		os.Exit(1)
	}
}

func run(from, document, operations, reference string) error {
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
	c, err := read(doc)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	table, err := tabulate(c)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	source, err := format.Source(table)
	if err != nil {
		return err
	}
	if err := os.WriteFile(operations, source, 0o644); err != nil {
		return err
	}
	html, err := render(c, api.Codes)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return os.WriteFile(reference, html, 0o644)
}
