package api

import (
	"slices"
	"strings"
)

//go:generate go run ../../infra/cmd/generrors ../../infra/docs/errors.md

// Place is where an answer holds a code.
type Place string

// The places of codes.
const (
	InProblem  Place = "problem"  // `code` of a problem document, which is the whole answer
	InField    Place = "field"    // `errors[].code` of a problem document
	InShipment Place = "shipment" // `error.code` of a shipment
)

// Places tells of each place what it holds, for the pages that explain the codes, in their order. Text is Markdown.
var Places = []struct {
	In          Place
	Title, Text string
}{
	{InProblem, "Codes of an answer", "In `code` of a problem document, which is the whole answer."},
	{InField, "Codes of a field", "In `errors[].code` of a problem document, most of them with `invalid_request`; `field` is the place, such as `parcels[0].weight_g`."},
	{InShipment, "Codes of a shipment", "In `error.code` of a shipment that could not be booked, or whose outcome is not known, and in `cancellation.code` of one that could not be cancelled. A carrier's own codes are there as well, with `source` `carrier`; its documentation explains them, the test carrier's is `infra/docs/test-carrier.md`."},
}

// Code explains one code. A code is stable: programs may depend on it, and another meaning gets another code.
type Code struct {
	Name   string
	In     Place
	Status int    // of the answer, 0 where it is not InProblem
	Title  string // a few words
	Cause  string // whole sentences: why it comes
	Remedy string // whole sentences: what to do
}

// FindCode explains a code by its name.
func FindCode(name string) (Code, bool) {
	i, ok := slices.BinarySearchFunc(Codes, name, func(c Code, name string) int { return strings.Compare(c.Name, name) })
	if !ok {
		return Code{}, false
	}
	return Codes[i], true
}

// Codes are all codes of our own, by name. A carrier's own codes are in its documentation: `source` tells whose one is.
// A test holds the table against the source, both ways: who uses a new code adds its line.
var Codes = []Code{
	{"accept_required", InProblem, 406, "Accept needed", "The document is binary, and API Gateway hands binary answers out as base64 text unless the first media type of Accept is theirs.", "Send Accept with the media type that detail names, alone."},
	{"account_unavailable", InShipment, 0, "Carrier account not readable", "The carrier account could not be read for a day, for a reason on our side. Nothing was sent to the carrier.", "Confirm the shipment again; if it fails again, tell the operator the request id."},
	{"audit_owed", InProblem, 409, "An earlier attempt is still looked for", "An earlier attempt was not answered and may have been booked at the carrier after all; until that is looked into, a day after the shipment failed, what was ordered can't be changed. shipment in the answer is its current state.", "Confirm it again as it is, change it after the time that detail names, or order under a new reference."},
	{"bad_request", InProblem, 400, "Request not readable", "API Gateway could not read the request.", "Compare the request with the API description."},
	{"batch_too_large", InProblem, 400, "Batch too large", "The batch has more shipments than go into one.", "Send the others as another batch."},
	{"body_too_large", InProblem, 413, "Body too large", "The body is larger than the operation takes: 1 MB, and 5 MB for batches.", "Send less at once; split a batch."},
	{"carrier_account_missing", InShipment, 0, "Carrier account gone", "The carrier account of the order does not exist any more.", "Change the shipment to a carrier_account that exists (PATCH), then confirm it again."},
	{"carrier_refused", InProblem, 422, "The carrier says no", "The carrier refused the question; detail has its own code and words.", "See to what it says; it is explained in the carrier's documentation."},
	{"carrier_unavailable", InProblem, 503, "No answer from the carrier", "The carrier gave no usable answer, or takes no questions now.", "Ask again after the seconds in Retry-After."},
	{"carrier_unsupported", InShipment, 0, "Carrier not there", "This deployment does not know the carrier of the account.", "Change the shipment to an account with another carrier (PATCH), then confirm it again."},
	{"conflict", InField, 0, "Not together", "Two fields say the same thing in different ways.", "Leave one out; detail says which."},
	{"control_character", InField, 0, "Control character", "The text holds a control character, such as a line break or a tab, which no carrier prints.", "Leave it out, or write a blank."},
	{"duplicate", InField, 0, "Twice in a list", "The list holds this entry twice.", "Leave one out."},
	{"duplicate_key", InProblem, 400, "Name twice in an object", "An object of the body has the same name twice; readers differ in which value they take.", "Leave one out. errors lists the places."},
	{"empty_batch", InProblem, 400, "Batch without shipments", "The batch has no shipments.", "Give 1 to 1,000, in shipments or one a line."},
	{"empty_body", InProblem, 400, "No body", "The operation needs a body and there is none.", "Send a JSON object."},
	{"empty_parameter", InProblem, 400, "Parameter without a value", "A query parameter is there and has no value.", "Give it a value, or leave it out."},
	{"enum", InField, 0, "Not one of the values", "Only certain values are taken here.", "Use one of those that detail or the API description names."},
	{"forbidden", InProblem, 403, "Not permitted", "API Gateway does not let the request pass: it carries other credentials than an API key, or a rule of the operator's filters it.", "Send an API key as Authorization: Bearer, and nothing else of that kind."},
	{"given_up", InShipment, 0, "Given up after a day", "For a day no attempt came to a booking, and each provably made none. detail has the last one's reason.", "See to the reason, then confirm the shipment again."},
	{"idempotency_key_reused", InProblem, 422, "Idempotency-Key used before", "The Idempotency-Key was sent before with another body, path or query. Nothing was done.", "Send each request with a key of its own. To send a corrected request after an answer 5xx, use a new key."},
	{"idempotency_required", InProblem, 400, "Idempotency-Key needed", "Without a reference or an Idempotency-Key a retry could not be told from a second order.", "Send an Idempotency-Key of your own making, or a reference with a shipment."},
	{"if_match_required", InProblem, 428, "If-Match needed", "The change needs to name the version it is meant for, so that it overwrites nobody else's.", "Send If-Match with the ETag of the last answer."},
	{"immutable", InField, 0, "Never changes", "What is booked depends on it, so it stays as it was made.", "Make another one, as detail says."},
	{"incomplete_dimensions", InField, 0, "Dimensions incomplete", "A parcel has one or two of its three sides.", "Give length_mm, width_mm and height_mm together, or none of them."},
	{"insecure_url", InField, 0, "Not https", "Events are sent by https only.", "Give an https URL."},
	{"internal_error", InProblem, 500, "Failed on our side", "Something failed on our side. What was asked may have been done.", "Send the same request again, with the same reference or Idempotency-Key. If it stays so, tell the operator the request id."},
	{"invalid", InField, 0, "Not accepted", "The value is not what belongs here.", "detail says what does."},
	{"invalid_body", InProblem, 400, "Body not readable", "The body is said to be base64 and is not.", "Send it as it is."},
	{"invalid_cursor", InProblem, 400, "Not a cursor", "The cursor is none that this list gave to this API key.", "Send next_cursor as it came, or leave it out to begin anew."},
	{"invalid_format", InProblem, 400, "Not a format", "There is no document format of this name here.", "Use one of those that detail names."},
	{"invalid_idempotency_key", InProblem, 400, "Not an Idempotency-Key", "The Idempotency-Key is empty, longer than 255 characters, there twice, or holds other characters than printable ASCII.", "Send one header of 1 to 255 of them; a UUID does."},
	{"invalid_if_match", InProblem, 400, "Not a version", "If-Match holds no version.", "Send the ETag of the last answer as it came."},
	{"invalid_json", InProblem, 400, "Not JSON", "The body can't be read as one JSON value. detail says where reading stopped.", "Correct the body at that place."},
	{"invalid_limit", InProblem, 400, "Not a limit", "limit is not a whole number from 1 to 100.", "Send one, or leave it out for 20."},
	{"invalid_parcel", InProblem, 400, "Not a parcel", "parcel is not a whole number from 1 to 20.", "Send the parcel's place; the first is 1."},
	{"invalid_postcode", InField, 0, "Not a postcode", "The postcode is none of its country, or none of its province.", "Correct it; detail shows what one looks like."},
	{"invalid_reference", InProblem, 400, "Not a reference", "The reference is longer than one can be.", "Give the reference that the shipment was created with."},
	{"invalid_request", InProblem, 422, "Not accepted as it is", "The request was read and can't be carried out as it is. Nothing was done.", "errors lists every problem with its place: correct them all and send it again."},
	{"invalid_row", InProblem, 400, "Not a row", "from_row is not a whole number from 1 to 1,000.", "Send the row to begin with; the first is 1."},
	{"invalid_shipments", InProblem, 400, "Not a list of shipments", "shipments holds no ids, or more than are packed at once.", "Give 1 to 100 ids, separated by commas."},
	{"invalid_size", InProblem, 400, "Not a size", "There is no label stock of this name, or the format has no size.", "Use one of those that detail names, or leave it out."},
	{"invalid_state", InField, 0, "Not a state or province", "The country has no such state or province.", "Use its code."},
	{"invalid_status", InProblem, 400, "Not a status", "No shipment has a status of this name.", "Use one of those that detail names."},
	{"invalid_time", InProblem, 400, "Not a time", "The time can't be read, or the two bounds leave nothing between them.", "Write it like 2026-11-21T12:00:00Z, a + in an offset as %2B."},
	{"invalid_tracking_number", InProblem, 400, "Not a tracking number", "The tracking number is longer than one can be.", "Give it as the shipment has it."},
	{"invalid_url", InField, 0, "Not a URL", "The text is no absolute URL that events could be sent to.", "Give one such as https://example.com/fairlead, without user name and fragment."},
	{"invalid_utf8", InProblem, 400, "Not UTF-8", "The body holds bytes that are no UTF-8, or an escape such as \\ud800 that stands for no character.", "Encode it as UTF-8. detail says where the first byte is, errors where each escape is."},
	{"label_erased", InProblem, 410, "The label is not kept any more", "Labels are erased with the rest of an order's personal data: after the days for which the operator keeps it, or with the tenant's.", "Nothing can be printed again here; the carrier may still have it."},
	{"label_not_ready", InProblem, 404, "No label yet", "The shipment is not booked, or its label is still being fetched from the carrier.", "While document is pending, ask again in a moment."},
	{"label_void", InProblem, 410, "The label is void", "The shipment was cancelled and its label voided at the carrier.", "Do not ship with it. Order under a new reference."},
	{"last_admin_key", InProblem, 409, "Last key that administers", "It is the last key of its mode with the scope admin; without one nobody could make keys or change settings.", "Make another key with the scope admin, and revoke this one with that."},
	{"login_refused", InShipment, 0, "Login refused by the carrier", "The carrier refused the credentials of the account. Nothing was booked.", "Replace the credentials with PATCH /v1/carrier-accounts/{id}, then confirm the shipment again."},
	{"login_unavailable", InShipment, 0, "Login not reachable", "The carrier's login could not be reached for a day. Nothing was booked.", "Confirm the shipment again when it can."},
	{"maxItems", InField, 0, "Too many entries", "The list is longer than what is taken.", "Send fewer."},
	{"maxLength", InField, 0, "Too long", "The text is longer than what is taken.", "Shorten it."},
	{"maxProperties", InField, 0, "Too many entries", "The object has more members than what is taken.", "Send fewer."},
	{"maximum", InField, 0, "Too large", "The number is larger than what is taken.", "Send a smaller one; mind the unit."},
	{"minItems", InField, 0, "Too few entries", "The list is shorter than what is needed.", "Add entries."},
	{"minLength", InField, 0, "Too short", "The text is shorter than what is needed; mostly it is empty.", "Fill it in, or leave out what is optional."},
	{"minProperties", InField, 0, "Too few entries", "The object has fewer members than what is needed; mostly it is empty.", "Say what is to be done."},
	{"minimum", InField, 0, "Too small", "The number is smaller than what is taken.", "Send a larger one; mind the unit."},
	{"mixed_currencies", InField, 0, "Several currencies", "The items of a customs invoice are in more than one currency.", "Give all values in one."},
	{"more_problems", InField, 0, "More problems", "There are more problems than an answer lists.", "Correct those that are listed and send it again."},
	{"no_invoice", InProblem, 404, "No customs invoice", "The shipment is not booked, or the carrier made no customs invoice: it makes one when it books across a customs border, and hands it out only then.", "Confirm the shipment first; after a booking that was found by a look-up, or when the invoice could not be stored, print it with the carrier."},
	{"no_rate", InProblem, 422, "No offer", "The carrier offers no service for this shipment, of those that were asked for.", "Ask for other services, or without a filter."},
	{"no_such_parcel", InProblem, 404, "No such parcel", "The label has fewer parts than the number of the parcel.", "Leave parcel out for all of them."},
	{"no_such_route", InProblem, 404, "No such route", "There is no operation with this method and path.", "Compare both with the API description; the path begins with the stage, such as /dev, where the deployment has no domain of its own."},
	{"no_value", InField, 0, "No value for customs", "The items are worth nothing, which customs takes for documents only.", "Give what they would cost if somebody paid for them."},
	{"not_asked", InField, 0, "Account not asked", "In problems of an answer about rates: more accounts could be asked than one question goes to.", "Name those that you want in carrier_accounts, 10 at most at a time."},
	{"not_cancellable", InProblem, 409, "Nothing to cancel", "The shipment failed: nothing is booked, and nothing will be unless it is confirmed again. shipment in the answer is its current state.", "Leave it as it is."},
	{"not_confirmable", InProblem, 409, "Can't be confirmed", "Only a draft or a failed shipment can be confirmed. shipment in the answer is its current state.", "Look at the status; nothing may be left to do."},
	{"not_convertible", InProblem, 406, "Can't be converted", "What the carrier made can't be turned into this format or size.", "Ask for one of those in available."},
	{"not_editable", InProblem, 409, "Can't be changed any more", "Only a draft or a failed shipment can be changed.", "Look at the status; cancel it and order under a new reference if it has to be another."},
	{"not_found", InProblem, 404, "Not found", "There is nothing with this id for your key; another tenant's and the other mode's count as nothing.", "Check the id, and that the key is of the mode (test or live) that it was made in."},
	{"not_needed", InField, 0, "Not needed here", "The field means nothing together with what else was said, and would not be heeded.", "Leave it out."},
	{"nullable", InField, 0, "Null", "The value is null.", "Give a value, or leave the field out."},
	{"outcome_unknown", InShipment, 0, "Outcome not known", "The carrier may have booked the shipment and nobody knows yet. It is not sent again; the carrier is asked by our reference.", "Wait for shipment.booked, or for a person's decision when held is true. Don't order it again elsewhere without thought: a label may exist."},
	{"personal_data_erased", InShipment, 0, "Personal data erased", "The order is not kept any more, addresses included, so it can't be booked.", "Change the shipment to the whole order (PATCH), then confirm it again; or order under a new reference."},
	{"prohibited_host", InField, 0, "Not on the public internet", "Events are sent to the public internet only.", "Give an address that can be reached from there."},
	{"quota_exceeded", InProblem, 429, "Quota used up", "The quota of the operator's usage plan is used up.", "Ask the operator for a larger one."},
	{"rate_expired", InField, 0, "Rate expired", "The offer was good until a time that is over.", "Ask for new rates."},
	{"rate_limited", InProblem, 429, "Tenant's limit reached", "The tenant has made as many requests of this class (read, write or book) as its limit lets through. Nothing was done, and other classes are not concerned.", "Wait for the seconds in Retry-After and send the same request again. RateLimit tells in every answer how much is left. The operator can raise the limit."},
	{"rate_mismatch", InField, 0, "Rate of something else", "The offer is of other addresses, parcels or customs data than the shipment has.", "Ask for rates of this shipment."},
	{"rates_unavailable", InShipment, 0, "Rates not to be had", "For a day the carrier could not be asked for its rates, so that no service could be chosen. Nothing was booked.", "Confirm the shipment again when it can, or change it to a service of your own choice."},
	{"rates_unsupported", InProblem, 422, "Carrier without prices", "The carrier tells no prices.", "Name the service yourself, or use an account with another carrier."},
	{"reference_taken", InProblem, 422, "Reference names another shipment", "The reference or the Idempotency-Key names a shipment that was created with another body. Nothing was changed. existing_id is that shipment.", "For another physical shipment use another reference; to see the existing one, get it by its id."},
	{"repeated_parameter", InProblem, 400, "Parameter twice", "A query parameter is there more than once.", "Send it once."},
	{"request_in_flight", InProblem, 409, "Still at work", "The first request with this Idempotency-Key has not ended.", "Send the same request again after the seconds in Retry-After; you will get its answer."},
	{"required", InField, 0, "Missing", "The field is needed and is not there, or is blank.", "Give it."},
	{"scope_escalation", InProblem, 403, "More than the key itself may", "The new key would have a scope that the key which asks for it lacks.", "Leave that scope out, or ask with a key that has it."},
	{"scope_missing", InProblem, 403, "Scope missing", "The API key is valid and does not have the scope that this operation needs; detail names both.", "Use a key with that scope, or have one made."},
	{"secret_shown_once", InProblem, 409, "Secret was shown already", "The request was carried out, and its answer held a secret, which is shown once and kept nowhere. existing_id is what was made.", "If the first answer was lost, rotate the secret of an endpoint; remove an API key and make another with a new Idempotency-Key."},
	{"tenant_erased", InShipment, 0, "Account erased", "The tenant's data was erased before the shipment could be booked. Nothing was sent to the carrier.", "None: the order is gone."},
	{"tenant_suspended", InProblem, 403, "Account suspended", "The operator of the platform has suspended the tenant. A shipment with this error has waited a day for that to end, and nothing was sent to the carrier.", "Speak to the operator. Send the request again, or confirm the shipment again, when the account works again."},
	{"throttled", InProblem, 429, "Too many requests", "More requests came than this deployment takes at once. With source carrier it is the carrier that takes no more questions now, and the status is 503.", "Wait for the seconds in Retry-After and send it again."},
	{"timeout", InProblem, 504, "No answer in time", "The function did not answer within API Gateway's 29 seconds. What was asked may have been done.", "Send the same request again, with the same reference or Idempotency-Key."},
	{"too_heavy", InField, 0, "Too heavy for the carrier", "The carrier takes no parcel of this weight.", "Split it, or use another service; detail names the limit."},
	{"too_large", InField, 0, "Too large for the carrier", "The carrier takes no parcel of this size.", "Split it, or use another service; detail names the limit."},
	{"too_long", InField, 0, "Too long for its receiver", "Fewer characters are taken here: by the carrier, the network or Fairlead.", "Shorten it; detail names the limit."},
	{"too_many", InField, 0, "Too many for the carrier", "The carrier takes fewer entries here.", "Send fewer; detail names the limit."},
	{"too_many_secrets", InProblem, 409, "Too many secrets at once", "The secret of the endpoint was rotated several times, and the earlier ones are still good.", "Wait until one ends, or rotate with overlap_s 0, which ends the earlier ones at once."},
	{"type", InField, 0, "Another type", "The value has another type than what belongs here. Whole numbers are written without a point or an exponent.", "Send the type that detail names."},
	{"unauthorized", InProblem, 401, "No valid API key", "The API key is missing, unknown or revoked, or has another secret.", "Send it as Authorization: Bearer fl_test_... or fl_live_..."},
	{"unexpected_body", InProblem, 400, "Body not expected", "The operation takes no body, and there is one: what it asks for would not be done.", "Leave it out, or look for the operation that takes it."},
	{"uniqueItems", InField, 0, "Twice in a list", "The list holds an entry twice.", "Leave one out."},
	{"unknown", InField, 0, "Not known to the carrier", "The carrier has nothing of this name.", "Use one of those that detail names."},
	{"unknown_api_version", InProblem, 400, "No such version of the API", "Api-Version holds no date of a version.", "Send one of those that detail names, or leave the header out for the newest."},
	{"unknown_carrier", InField, 0, "No such carrier", "This deployment has no carrier of this name.", "Use one of those that detail names."},
	{"unknown_carrier_account", InField, 0, "No such carrier account", "There is no such carrier account for your key; the other mode's counts as none.", "Add it with POST /v1/carrier-accounts, or correct the id."},
	{"unknown_event", InField, 0, "No such event", "There is no event of this type.", "Use one of those listed under EventType in the API description."},
	{"unknown_field", InField, 0, "No such field", "There is no field of this name here. Nothing is ignored silently.", "Correct the name, or leave it out."},
	{"unknown_parameter", InProblem, 400, "No such parameter", "The operation has no query parameter of this name.", "Use one of those that detail names."},
	{"unknown_rate", InField, 0, "No such rate", "There is no such offer, or it expired long ago.", "Ask for new rates."},
	{"unknown_scope", InField, 0, "No such scope", "There is no scope of this name.", "Use read, ship or admin."},
	{"unsupported", InField, 0, "Not supported by the carrier", "The carrier can't do this, or not in this combination.", "detail says what it can."},
	{"unsupported_carrier", InField, 0, "Carrier not there", "This deployment does not know the carrier of the account.", "Use an account with another carrier."},
	{"unsupported_country", InField, 0, "Country not served", "Addresses in this country are not taken yet.", "detail names the countries that are."},
	{"unsupported_media_type", InProblem, 415, "Another media type", "Content-Type names a format that the operation does not read. Without the header a body is read as JSON.", "Send the body as detail says, with the Content-Type to it; curl -d needs -H 'Content-Type: application/json'."},
	{"validation_unsupported", InProblem, 422, "Carrier checks no addresses", "The carrier does not validate addresses.", "Use an account with a carrier that does."},
	{"version_mismatch", InProblem, 412, "Changed meanwhile", "If-Match names another version than the current one. shipment in the answer is the current state.", "Look at it, then send its version."},
	{"void_denied", InShipment, 0, "Not voided", "In cancellation.code: a person has looked at the carrier, and the shipment was not voided. It is still booked.", "Cancel it again, or take it up with the carrier."},
	{"void_given_up", InShipment, 0, "Void given up after a day", "In cancellation.code: for a day the carrier could not be asked to void the shipment. It is still booked.", "See to the reason in detail, then cancel it again."},
	{"void_unknown", InShipment, 0, "Void not known", "In cancellation.code: the carrier may have voided the shipment, and does not say so. A person finds out.", "Wait for shipment.cancelled, or for shipment.cancellation_refused with the status booked. Do not use the label."},
}
