package dynamo

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/ship"
)

// TestKeys holds every key as it is stored: a change here orphans what is in the tables.
func TestKeys(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 8_900_000, time.FixedZone("", 3600))
	const id = "shp_o6f7r72fmwbc5q3f42hohkfyem"
	got := map[string]string{
		"shipment":  ShipmentKey("tn_1", ship.Test, id),
		"alias":     AliasKey("tn_1", ship.Live, "key"),
		"list":      ListKey("tn_1", ship.Test),
		"list sort": ListSort(at, id),
		"number":    NumberKey("tn_1", ship.Test, "1Z"),
		"shard":     ShardOf(ShipmentKey("tn_1", ship.Test, id)),
		"shard 15":  ShardName(15),
		"request":   requestDoc("fp"),
		"label":     labelDoc("1Z"),
		"raw":       rawDoc(3),
		"void":      voidDoc("1Z", "Refused"),
		"audit":     auditPartition(at),
		"history":   historyDoc(7),
		"invoice":   invoiceDoc("1Z"),
		"papers":    InvoiceObject("tn_1", ship.Test, id, "1Z"),
		"object":    LabelObject("tn_1", ship.Test, id, "1Z"),
		"carrier":   carrierSort("ca_1"),
		"token":     tokenSort("ca_1"),
		"endpoint":  endpointSort("ce_1"),
		"api key":   apiKeyPartition("k1") + "/" + apiKeySort,
		"key list":  apiKeyListSort("k1"),
		"admins":    adminsSort(ship.Live),
		"tenant":    tenantSort,
		"refresh":   refreshLease("tn_1", "ca_1"),
		"slow":      slowKey("ups", ship.Live),
		"limit":     limitPrefix + "tn_1#live#read#100/s:200",
		"slot":      slotPrefix + "ups#live#2c70e12b7a0646f92279f427c7b38e73",
		"delivery":  deliveryPartition("ce_1", at),
		"repeated":  requestKey("tn_1", ship.Live, "createTracker", "key"),
	}
	want := map[string]string{
		"shipment":  "tn_1#test#" + id,
		"alias":     "tn_1#live#K#2c70e12b7a0646f92279f427c7b38e73",
		"list":      "tn_1#test",
		"list sort": "20260304T040607.008Z#" + id,
		"number":    "tn_1#test#1Z",
		"shard":     "w15",
		"shard 15":  "w15",
		"request":   "request#fp",
		"label":     "label#1Z",
		"raw":       "raw#3",
		"void":      "void#1Z#Refused",
		"audit":     "AUDIT#202603",
		"history":   "history#00000007",
		"invoice":   "invoice#1Z",
		"papers":    "tn_1/test/" + id + "/invoice-1Z",
		"object":    "tn_1/test/" + id + "/label-1Z",
		"slow":      "slow#ups#live",
		"limit":     "limit#tn_1#live#read#100/s:200",
		"slot":      "slot#ups#live#2c70e12b7a0646f92279f427c7b38e73",
		"carrier":   "carrier#ca_1",
		"token":     "token#ca_1",
		"endpoint":  "endpoint#ce_1",
		"api key":   "KEY#k1/key",
		"key list":  "key#k1",
		"admins":    "admins#live",
		"tenant":    "tenant",
		"refresh":   "refresh#tn_1#ca_1",
		"delivery":  "ce_1#2026030404",
		"repeated":  "tn_1#live#createTracker#2c70e12b7a0646f92279f427c7b38e73",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
