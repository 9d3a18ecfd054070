package linear

import "github.com/anishathalye/porcupine"

// binding is what an Idempotency-Key sent with a reference names, for ever; "" as long as it names nothing.
type binding string

// bindings are what creates say of their key: any answer that comes from their own shipment has bound the key to it
// first, and a 422 that names another one was refused for the key.
func bindings(ops []Op) []porcupine.Operation {
	var out []porcupine.Operation
	for _, o := range ops {
		switch {
		case o.unanswered():
			out = append(out, o.someday())
		case o.denied():
		case o.Existing != "" && o.Existing != o.ID:
			out = append(out, o.says(sawAnother))
		default:
			out = append(out, o.says(wrote))
		}
	}
	return out
}

// after implements state.
func (b binding) after(c claim) (state, bool) {
	if c.what == sawAnother {
		return b, string(b) == c.op.Existing
	}
	if b == "" {
		b = binding(c.op.ID)
	}
	return b, string(b) == c.op.ID
}
