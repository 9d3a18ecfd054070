package template

// What each function's code calls, and so all it may call. Granted is compared with it line by line: a call that is
// added to the code is added here and to the role, one that goes leaves both. AccountsTable/audit are the keys of the audit
// alone: what its function writes there is what it did.
var calls = map[string]string{
	"Authorizer": "AccountsTable: GetItem",
	"BookShipment": `
		ShipmentsTable: GetItem UpdateItem
		DocumentsTable: GetItem PutItem
		AccountsTable: GetItem PutItem
		LimitsTable: DeleteItem GetItem PutItem UpdateItem
		LabelBucket: PutObject
		DataKey: Decrypt GenerateDataKey`,
	"CancelBatch": `
		ShipmentsTable: BatchGetItem GetItem UpdateItem
		DocumentsTable: GetItem
		RequestsTable: DeleteItem PutItem UpdateItem
		LimitsTable: UpdateItem`,
	"CancelShipment": `
		ShipmentsTable: GetItem UpdateItem
		DocumentsTable: GetItem PutItem
		LimitsTable: UpdateItem`,
	"ConfirmShipment": `
		ShipmentsTable: GetItem UpdateItem
		DocumentsTable: GetItem
		LabelBucket: GetObject
		LimitsTable: UpdateItem`,
	"CreateApiKey": `
		AccountsTable: GetItem PutItem
		RequestsTable: DeleteItem PutItem UpdateItem
		LimitsTable: UpdateItem`,
	"CreateBatch": `
		ShipmentsTable: BatchGetItem PutItem
		DocumentsTable: GetItem
		RequestsTable: DeleteItem PutItem UpdateItem
		LabelBucket: PutObject
		LimitsTable: UpdateItem`,
	"CreateCallbackEndpoint": `
		AccountsTable: PutItem
		RequestsTable: DeleteItem PutItem UpdateItem
		DataKey: GenerateDataKey
		LimitsTable: UpdateItem`,
	"CreateCarrierAccount": `
		AccountsTable: DeleteItem GetItem PutItem
		RequestsTable: DeleteItem PutItem UpdateItem
		DataKey: GenerateDataKey
		LimitsTable: UpdateItem`,
	"CreateRates": `
		AccountsTable: GetItem PutItem Query
		RequestsTable: DeleteItem PutItem UpdateItem
		LimitsTable: DeleteItem PutItem UpdateItem
		DataKey: Decrypt GenerateDataKey`,
	"CreateShipment": `
		ShipmentsTable: GetItem PutItem UpdateItem
		DocumentsTable: GetItem PutItem
		AccountsTable: GetItem
		RequestsTable: GetItem
		LabelBucket: GetObject
		LimitsTable: UpdateItem`,
	"CreateTenant": "AccountsTable: GetItem PutItem UpdateItem",
	"DeleteCallbackEndpoint": `
		AccountsTable: DeleteItem
		LimitsTable: UpdateItem`,
	"DeleteCarrierAccount": `
		AccountsTable: DeleteItem PutItem
		LimitsTable: UpdateItem`,
	"DeliverCallback": `
		AccountsTable: GetItem UpdateItem
		DeliveriesTable: PutItem
		DataKey: Decrypt`,
	"EraseTenantData": `
		ShipmentsTable/list: Query
		ShipmentsTable: GetItem UpdateItem
		DocumentsTable: DeleteItem Query
		DeliveriesTable: DeleteItem Query
		AccountsTable: DeleteItem GetItem PutItem Query UpdateItem
		LabelBucket: DeleteObject DeleteObjectVersion
		LabelBucket/list: ListBucket ListBucketVersions`,
	"ExpandBatch": `
		ShipmentsTable: GetItem PutItem UpdateItem
		DocumentsTable: GetItem PutItem
		AccountsTable: GetItem
		RequestsTable: GetItem
		LabelBucket: GetObject`,
	"FanOutEvents": "AccountsTable: Query",
	"GetApiKey": `
		AccountsTable: GetItem
		LimitsTable: UpdateItem`,
	"GetBatch": `
		ShipmentsTable: BatchGetItem GetItem
		DocumentsTable: GetItem
		LimitsTable: UpdateItem`,
	"GetBatchLabels": `
		ShipmentsTable: BatchGetItem GetItem
		DocumentsTable: BatchGetItem GetItem
		LabelBucket: GetObject
		LabelBucket/files: PutObject
		LimitsTable: UpdateItem`,
	"GetCallbackEndpoint": `
		AccountsTable: GetItem
		LimitsTable: UpdateItem`,
	"GetCarrierAccount": `
		AccountsTable: GetItem
		LimitsTable: UpdateItem`,
	"GetContract": "",
	"GetInvoice": `
		ShipmentsTable: GetItem
		DocumentsTable: GetItem
		LabelBucket: GetObject
		LabelBucket/files: PutObject
		LimitsTable: UpdateItem`,
	"GetLabel": `
		ShipmentsTable: GetItem
		DocumentsTable: GetItem
		LabelBucket: GetObject
		LabelBucket/files: PutObject
		LimitsTable: UpdateItem`,
	"GetLabels": `
		ShipmentsTable: BatchGetItem
		DocumentsTable: BatchGetItem GetItem
		LabelBucket: GetObject
		LabelBucket/files: PutObject
		LimitsTable: UpdateItem`,
	"GetReference": "",
	"GetShipment": `
		ShipmentsTable: GetItem
		DocumentsTable: GetItem
		LabelBucket: GetObject
		LimitsTable: UpdateItem`,
	"ListApiKeys": `
		AccountsTable: BatchGetItem GetItem Query
		LimitsTable: UpdateItem`,
	"ListBatchRows": `
		ShipmentsTable: BatchGetItem GetItem
		DocumentsTable: BatchGetItem GetItem
		LimitsTable: UpdateItem`,
	"ListBatches": `
		ShipmentsTable/list: Query
		ShipmentsTable: BatchGetItem
		LimitsTable: UpdateItem`,
	"ListCallbackEndpoints": `
		AccountsTable: Query
		LimitsTable: UpdateItem`,
	"ListCarrierAccounts": `
		AccountsTable: Query
		LimitsTable: UpdateItem`,
	"ListCarriers": "LimitsTable: UpdateItem",
	"ListHeldShipments": `
		ShipmentsTable/held: Query
		ShipmentsTable/open: Query
		ShipmentsTable: GetItem
		DocumentsTable: GetItem Query
		AccountsTable: GetItem
		AccountsTable/audit: PutItem UpdateItem`,
	"ListOperations": "AccountsTable/audit: PutItem Query UpdateItem",
	"ListShipmentAttempts": `
		ShipmentsTable: GetItem
		DocumentsTable: GetItem Query
		LimitsTable: UpdateItem`,
	"ListShipmentEvents": `
		ShipmentsTable: GetItem
		DocumentsTable: GetItem
		LimitsTable: UpdateItem`,
	"ListShipments": `
		ShipmentsTable/list: Query
		ShipmentsTable/number: Query
		ShipmentsTable: BatchGetItem GetItem
		DocumentsTable: BatchGetItem GetItem
		LimitsTable: UpdateItem`,
	"RateShipment": `
		ShipmentsTable: GetItem
		DocumentsTable: GetItem
		AccountsTable: GetItem PutItem Query
		RequestsTable: DeleteItem PutItem UpdateItem
		LimitsTable: DeleteItem PutItem UpdateItem
		DataKey: Decrypt GenerateDataKey`,
	"RecoverShipment": `
		ShipmentsTable: GetItem UpdateItem
		DocumentsTable: GetItem PutItem
		AccountsTable: GetItem PutItem
		LimitsTable: DeleteItem PutItem
		LabelBucket: PutObject
		DataKey: Decrypt GenerateDataKey`,
	"RelayEvents": "ShipmentsTable/stream: DescribeStream GetRecords GetShardIterator ListStreams",
	"RevokeApiKey": `
		AccountsTable: DeleteItem GetItem PutItem
		LimitsTable: UpdateItem`,
	"RedriveDeadLetters": `
		ShipmentsTable: GetItem
		DocumentsTable: GetItem
		AccountsTable/audit: PutItem UpdateItem`,
	"ReplayCallbacks": `
		ShipmentsTable: GetItem
		DocumentsTable: GetItem
		AccountsTable: Query
		AccountsTable/audit: PutItem UpdateItem
		DeliveriesTable: BatchGetItem Query`,
	"ResolveShipments": `
		ShipmentsTable/number: Query
		ShipmentsTable: GetItem UpdateItem
		DocumentsTable: PutItem
		LimitsTable: PutItem
		AccountsTable/audit: PutItem UpdateItem`,
	"RotateCallbackSecret": `
		AccountsTable: GetItem UpdateItem
		RequestsTable: DeleteItem PutItem UpdateItem
		DataKey: GenerateDataKey
		LimitsTable: UpdateItem`,
	"TestCallbackEndpoint": `
		AccountsTable: GetItem
		RequestsTable: DeleteItem PutItem UpdateItem
		DataKey: Decrypt
		LimitsTable: UpdateItem`,
	"UpdateCallbackEndpoint": `
		AccountsTable: UpdateItem
		LimitsTable: UpdateItem`,
	"UpdateCarrierAccount": `
		AccountsTable: GetItem PutItem UpdateItem
		DataKey: GenerateDataKey
		LimitsTable: UpdateItem`,
	"UpdateTenant": "AccountsTable: DeleteItem GetItem PutItem UpdateItem",
	"UpdateShipment": `
		ShipmentsTable: GetItem UpdateItem
		DocumentsTable: GetItem PutItem
		AccountsTable: GetItem
		RequestsTable: GetItem
		LimitsTable: UpdateItem`,
	"ValidateAddress": `
		AccountsTable: GetItem PutItem
		RequestsTable: DeleteItem PutItem UpdateItem
		LimitsTable: DeleteItem PutItem UpdateItem
		DataKey: Decrypt GenerateDataKey`,
	"Wake": `
		ShipmentsTable/open: Query
		ShipmentsTable: GetItem UpdateItem`,
}
