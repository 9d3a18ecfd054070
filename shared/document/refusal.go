package document

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fairlead/fairlead/shared/ship"
)

var (
	// ErrNoParcel: a shipment has no such parcel.
	ErrNoParcel = errors.New("the label has no such parcel")
	// ErrNoPages: there is nothing to make a document of.
	ErrNoPages = errors.New("there is no label")
	// ErrUnreadable: a carrier's label is not what its format says. It can still be had as the carrier sent it.
	ErrUnreadable = errors.New("the carrier's label cannot be read")
)

// NotConvertible says that what was wanted cannot be made of these labels, and what can.
type NotConvertible struct {
	Want      ship.LabelSpec
	Misfits   []Misfit         // the labels that stand in the way; none when the number of pages does
	Available []ship.LabelSpec // what one document of all of them can be
	Zipped    []ship.LabelSpec // what the files of a zip of them can be
}

// Misfit is a label that cannot be what was wanted.
type Misfit struct {
	Name   string // empty when there is one label only
	Format ship.LabelFormat
}

// named is how many misfits an error's text names.
const named = 5

func (e *NotConvertible) Error() string {
	text := fmt.Sprintf("several parcels cannot be one file of %s", specs([]ship.LabelSpec{e.Want}))
	if len(e.Misfits) > 0 {
		text = fmt.Sprintf("a label that is %s cannot be made into %s", e.misfits(), specs([]ship.LabelSpec{e.Want}))
	}
	if len(e.Available) > 0 {
		text += "; one file can be " + specs(e.Available)
	}
	if len(e.Zipped) > 0 && !slices.Equal(e.Zipped, e.Available) {
		text += "; a zip, or one parcel at a time (parcel=1), can be " + specs(e.Zipped)
	}
	return text
}

// misfits are their formats and the first names.
func (e *NotConvertible) misfits() string {
	var formats, names []string
	for _, m := range e.Misfits {
		if f := fmt.Sprintf("%.20s", m.Format); !slices.Contains(formats, f) {
			formats = append(formats, f)
		}
		if m.Name != "" && len(names) < named {
			names = append(names, fmt.Sprintf("%.80q", m.Name))
		}
	}
	text := strings.Join(formats, " or ")
	if len(names) == 0 {
		return text
	}
	text += " (" + strings.Join(names, ", ")
	if more := len(e.Misfits) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text + ")"
}

func specs(all []ship.LabelSpec) string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = fmt.Sprintf("%.20s (%.20s)", s.Format, s.Size)
	}
	return strings.Join(out, ", ")
}

// refuse says why there is no such document. In a zip each parcel is a file of its own.
func refuse(labels []Named, want ship.LabelSpec, zipped bool) *NotConvertible {
	e := &NotConvertible{Want: want, Available: Available(bare(labels)...), Zipped: Available(single(labels[0]))}
	pages := 0
	for _, l := range labels {
		pages += len(l.Label.Pages)
	}
	for _, l := range labels {
		can := Available(single(l))
		e.Zipped = slices.DeleteFunc(e.Zipped, func(s ship.LabelSpec) bool { return !slices.Contains(can, s) })
		alone := l.Label.Format == ship.PDF && pages > 1 && !zipped
		if alone || !slices.Contains(can, want) {
			e.Misfits = append(e.Misfits, Misfit{Name: l.Name, Format: l.Label.Format})
		}
	}
	return e
}

// filled checks that every label has a page, and every page something on it.
func filled(labels []Named) error {
	if len(labels) == 0 {
		return ErrNoPages
	}
	for _, l := range labels {
		if len(l.Label.Pages) == 0 || slices.ContainsFunc(l.Label.Pages, func(p []byte) bool { return len(p) == 0 }) {
			return fmt.Errorf("%w%s: no page, or an empty one", ErrNoPages, called(" of", l))
		}
	}
	return nil
}

func unreadable(l Named, page int, err error) error {
	parcel := ""
	if len(l.Label.Pages) > 1 {
		parcel = fmt.Sprintf(", parcel %d", page+1)
	}
	return fmt.Errorf("%w as %.20s%s%s: %w", ErrUnreadable, l.Label.Format, called(",", l), parcel, err)
}

// called is a label's name behind a word, when it has one.
func called(word string, l Named) string {
	if l.Name == "" {
		return ""
	}
	return fmt.Sprintf("%s %.80q", word, l.Name)
}

// single is the label of the first parcel alone.
func single(l Named) ship.Label {
	return ship.Label{Format: l.Label.Format, Pages: l.Label.Pages[:1]}
}

func bare(labels []Named) []ship.Label {
	out := make([]ship.Label, len(labels))
	for i, l := range labels {
		out[i] = l.Label
	}
	return out
}
