package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fairlead/fairlead/shared/client"
)

var labelCommand = command{
	name: "label", args: "ID... -o OUT [-format F] [-size S] [-parcel N]", about: "Write the label of a shipment, or of several as one document",
	more: "GIF, PNG and PDF are converted into each other; ZPL stays ZPL. Several are a pdf, unless you say zip or zpl.",
	prepare: func(f *flag.FlagSet) action {
		out := f.String("o", "", "`file` or folder to write to; - is the standard output")
		format := f.String("format", "", "zpl, gif, png or pdf, of several pdf, zip or zpl; by the name of -o when left out, else as ordered")
		size := f.String("size", "", "4x6, a4 or letter")
		parcel := f.Int("parcel", 0, "one parcel's label alone; the first is 1")
		return func(ctx context.Context, t *task, ids []string) error {
			switch {
			case len(ids) == 0:
				return &usageError{"give the id of a shipment, or several"}
			case *out == "":
				return &usageError{"say with -o where to write to; - is the standard output"}
			case *parcel != 0 && len(ids) > 1:
				return &usageError{"-parcel is for one shipment"}
			}
			c, err := t.connect()
			if err != nil {
				return err
			}
			t.makeRoom(*out)
			*format = formatFor(*format, *out)
			var d client.Document
			if len(ids) == 1 {
				q := client.GetLabelParams{Format: given(client.LabelFormat(*format)), Size: given(client.LabelSize(*size))}
				if *parcel != 0 {
					q.Parcel = parcel
				}
				d, err = c.GetLabel(ctx, ids[0], q)
			} else {
				d, err = c.GetLabels(ctx, client.GetLabelsParams{Shipments: strings.Join(ids, ","), Format: given(client.PackFormat(*format)), Size: given(client.LabelSize(*size))})
			}
			if err != nil {
				return err
			}
			return t.save(*out, d, ids[0])
		}
	},
}

// extensions are those of the files that labels come in.
var extensions = map[string]string{"application/zpl": ".zpl", "image/gif": ".gif", "image/png": ".png", "application/pdf": ".pdf", "application/zip": ".zip"}

// formatFor is the format of a label: the one that is asked for, or the one that its file is named for.
func formatFor(asked, out string) string {
	if ext := strings.TrimPrefix(filepath.Ext(out), "."); asked == "" && slices.Contains(slices.Collect(maps.Values(extensions)), "."+ext) {
		return ext
	}
	return asked
}

// makeRoom leaves the standard output to a document that is to go there.
func (t *task) makeRoom(out string) {
	if out == "-" {
		t.world.out, t.document = t.errOut, t.world.out
	}
}

// save writes a document to a file, into a folder under its own name (otherwise when it has none), or to the standard
// output. Labels name people: the file is for its owner.
func (t *task) save(out string, d client.Document, otherwise string) error {
	if out == "-" {
		_, err := t.document.Write(d.Data)
		return err
	}
	if info, err := os.Stat(out); err == nil && info.IsDir() || strings.HasSuffix(out, string(filepath.Separator)) {
		name := filepath.Base(filepath.Clean("/" + d.Name))
		if d.Name == "" || name == "/" {
			name = otherwise + extensions[d.MediaType]
		}
		if err := os.MkdirAll(out, 0o700); err != nil {
			return err
		}
		out = filepath.Join(out, name)
	}
	if err := os.WriteFile(out, d.Data, 0o600); err != nil {
		return err
	}
	t.note("wrote %s (%s, %d bytes)", out, d.MediaType, len(d.Data))
	return nil
}

// numbered is a file's name with a number in it: labels.pdf, labels-201.pdf.
func numbered(out string, n int) string {
	if n == 1 || out == "-" {
		return out
	}
	ext := filepath.Ext(out)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(out, ext), n, ext)
}
