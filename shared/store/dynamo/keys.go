// Package dynamo is the only DynamoDB code: one file per entity, one method per intention, every key built here.
package dynamo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/fairlead/fairlead/shared/ship"
)

// ItemFormat is the item format (`fv`) this code writes. A reader refuses a newer one.
const ItemFormat = 1

// listTime orders the list index by text; milliseconds, UTC.
const listTime = "20060102T150405.000Z"

// Shards is the number of partitions of the `open` index: w00 to w15.
const Shards = 16

// ShipmentKey is the key of a shipment's state item and the partition of its documents.
func ShipmentKey(tenant string, mode ship.Mode, id string) string {
	return tenant + "#" + string(mode) + "#" + id
}

// AliasKey is the key of the item that binds an Idempotency-Key to a shipment.
func AliasKey(tenant string, mode ship.Mode, idempotencyKey string) string {
	return tenant + "#" + string(mode) + "#K#" + shortHash(idempotencyKey)
}

// ListKey is the partition of the `list` index.
func ListKey(tenant string, mode ship.Mode) string { return tenant + "#" + string(mode) }

// BatchListKey is the partition of the `list` index that holds batches.
func BatchListKey(tenant string, mode ship.Mode) string { return ListKey(tenant, mode) + "#batches" }

// ListSort orders the `list` index by creation time, newest last, then id.
func ListSort(created time.Time, id string) string {
	return created.UTC().Format(listTime) + "#" + id
}

// NumberKey is the partition of the `number` index.
func NumberKey(tenant string, mode ship.Mode, trackingNumber string) string {
	return tenant + "#" + string(mode) + "#" + trackingNumber
}

// ShardOf is the partition of the `open` index a shipment belongs to.
func ShardOf(shipmentKey string) string {
	sum := sha256.Sum256([]byte(shipmentKey))
	return ShardName(int(sum[0]) % Shards)
}

// ShardName names shard n of the `open` index.
func ShardName(n int) string { return fmt.Sprintf("w%02d", n) }

// requestKey is the key in Requests of what was asked under an Idempotency-Key.
func requestKey(tenant string, mode ship.Mode, operation, idempotencyKey string) string {
	return tenant + "#" + string(mode) + "#" + operation + "#" + shortHash(idempotencyKey)
}

// Sort keys in Documents.
func requestDoc(fp string) string     { return "request#" + fp }
func labelDoc(number string) string   { return "label#" + number }
func invoiceDoc(number string) string { return "invoice#" + number }
func rawDoc(attempt int64) string     { return rawPrefix + strconv.FormatInt(attempt, 10) }

const rawPrefix = "raw#"

// voidDoc is the last answer of a kind to a void of a number.
func voidDoc(number, kind string) string { return voidPrefix + number + "#" + kind }

const voidPrefix = "void#"

func rowsDoc(chunk int64) string { return fmt.Sprintf("rows#%05d", chunk) }

func historyDoc(firstVer int64) string { return fmt.Sprintf("%s%08d", historyPrefix, firstVer) }

const historyPrefix = "history#"

// LabelObject is the S3 key of a label too large for an item.
func LabelObject(tenant string, mode ship.Mode, id, number string) string {
	return fmt.Sprintf("%s/%s/%s/label-%s", tenant, mode, id, number)
}

// InvoiceObject is the S3 key of a customs invoice too large for an item.
func InvoiceObject(tenant string, mode ship.Mode, id, number string) string {
	return fmt.Sprintf("%s/%s/%s/invoice-%s", tenant, mode, id, number)
}

// BatchObject is the S3 key of the rows of a batch.
func BatchObject(tenant string, mode ship.Mode, id string) string {
	return fmt.Sprintf("%s/%s/%s/rows", tenant, mode, id)
}

// Sort keys in Accounts under a tenant's partition, and the partition of an API key.
const tenantSort = "tenant"

func carrierSort(account string) string   { return "carrier#" + account }
func tokenSort(account string) string     { return "token#" + account }
func endpointSort(endpoint string) string { return "endpoint#" + endpoint }
func apiKeyPartition(keyID string) string { return "KEY#" + keyID }

const apiKeySort = "key"

// apiKeyListSort is the item under a tenant by which its key is listed, and adminsSort the one that names the keys of a
// mode that may administer.
func apiKeyListSort(keyID string) string { return "key#" + keyID }
func adminsSort(mode ship.Mode) string   { return "admins#" + string(mode) }

// auditPartition holds what operators did in a month (UTC).
func auditPartition(at time.Time) string { return "AUDIT#" + at.UTC().Format("200601") }

// refreshLease is the Limits item that lets one worker at a time refresh a carrier account's token.
func refreshLease(tenant, account string) string { return "refresh#" + tenant + "#" + account }

// numberLease is the Limits item that keeps a tracking number for one shipment while it is adopted.
func numberLease(tenant string, mode ship.Mode, number string) string {
	return "number#" + NumberKey(tenant, mode, number)
}

// slowKey is the Limits item that tells that a carrier hangs.
func slowKey(carrier string, mode ship.Mode) string { return "slow#" + carrier + "#" + string(mode) }

// Prefixes in Limits of a tenant's limits and of the slots of what a carrier limits.
const (
	limitPrefix = "limit#"
	slotPrefix  = "slot#"
)

// deliveryPartition groups an endpoint's deliveries by the hour of the event (UTC).
func deliveryPartition(endpoint string, at time.Time) string {
	return endpoint + "#" + at.UTC().Format("2006010215")
}

// quoteKey is the key in Requests of a quote.
func quoteKey(tenant string, mode ship.Mode, id string) string {
	return tenant + "#" + string(mode) + "#quote#" + id
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}
