// Package label makes the papers of simulated carriers that are pages of a PDF: labels, and invoices for customs. What is
// drawn on a label is the test carrier's, which makes no PDF: what writes one would be linked into every function.
package label

import "github.com/fairlead/fairlead/shared/carriers/sim/label"

// Label is what is printed.
type Label = label.Label
