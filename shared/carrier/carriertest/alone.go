package carriertest

import "testing"

// RunAlone runs what of the suite fits a carrier that sends nothing: its facts and its checks. Of the harness it uses New
// and Order; NotFound only tells that the carrier can be asked.
func RunAlone(t *testing.T, h Harness) {
	t.Run("descriptor is sane", func(t *testing.T) { descriptor(t, h) })
	t.Run("check accepts the order and tells every fault of a bad one", func(t *testing.T) { check(t, h) })
}
