package command

// perbitCodes explains the classes of a perbit server's answers.
var perbitCodes = map[string]explanation{
	"auth":        {"The server rejected user name or password.", "Correct username or the secret behind password. Nothing more is sent with this password, because the account could be locked; the next run tries again."},
	"config":      {"The method, its type or the server's address is wrong.", "Check object, method and url against perbit. The next apply tries again; a running watch does on dropform retry ADDRESS."},
	"permission":  {"The user may not run the method.", "Have the right to open the method given to the user or its role in perbit. The next apply tries again; a running watch does on dropform retry ADDRESS."},
	"session":     {"The session is gone. It is renewed once by itself.", "Nothing, unless it comes back: then the server ends sessions early, or another program logs this user out."},
	"tenant":      {"The server knows no such customer id.", "Correct customer_id of the connection."},
	"not_found":   {"The server knows nothing under the id of the job.", "Look at the import in perbit; then dropform resolve ADDRESS -happened or -did-not-happen."},
	"bad_action":  {"The server does not know the action.", "The server is of another version, or url leads to something else; check url."},
	"too_large":   {"The file is over the server's limit.", "Split the file, or have the limit raised in perbit or IIS; max_upload refuses such files before they are sent."},
	"guid":        {"An id has the wrong form.", "Check customer_id of the connection."},
	"null":        {"A required parameter did not reach the server.", "Set parameters = \"url\" or \"header\" in the connection: a proxy may drop headers."},
	"placeholder": {"A placeholder of the export method was not filled.", "Add it to variables of the export; its name is in the message."},
	"opaque":      {"The server refused, and its web server hides the reason.", "On the server let IIS pass error texts through (existingResponse=\"PassThrough\"), or look at its log."},
	"invalid":     {"What the step asks for cannot be sent as it is.", "Correct what the message names: object, method, email or variables. Where the address would be too long, shorten them or set parameters = \"header\" in the connection."},
	"proxy":       {"The proxy refused.", "Check proxy of the connection and whether it lets this machine reach the server."},
	"body":        {"The file could not be read to its end as announced.", "Somebody changed or removed it while it was being sent; the server cannot have seen all of it. It is planned again."},
	"transient":   {"The network or the server was not available.", "Nothing at once: it is tried again where nothing can have happened on the server. See dropform status."},
	"canceled":    {"The call was given up because the run ended.", "Run the command again; what the server knows is resumed."},
	"unknown":     {"The server's answer is none that is documented.", "Look at the job in perbit. If the outcome is unknown, end it with dropform resolve ADDRESS."},
}

// conboxCodes explains the classes of a CONBOX server's answers.
var conboxCodes = map[string]explanation{
	"invalid":    {"The request is not one that the vendor describes; it was not sent.", "Correct the field that the message names."},
	"auth":       {"The server rejected user name or password.", "Correct username or the secret behind password. Nothing more is sent with this password, because the account could be locked; the next run tries again."},
	"config":     {"The address, the way of authentication or a secret is wrong.", "Check url, auth and the secrets of the connection."},
	"permission": {"The web server does not let this user in.", "Have the user or this machine admitted on the server."},
	"proxy":      {"The proxy refused.", "Check proxy of the connection and whether it lets this machine reach the server."},
	"refused":    {"The server answered Success = false; its reason is in the message.", "Correct what it names, then dropform retry ADDRESS. An irreversible step needs a new approval."},
	"too_large":  {"The request is over the web server's limit.", "Make the request smaller, or have the limit raised."},
	"busy":       {"The server is overloaded, or a nonce went stale.", "Nothing at once: it is tried again where nothing can have happened. A lower rate in the connection helps."},
	"network":    {"There was no connection, or no answer on it.", "Check the network and url. If the outcome is unknown, look in CONBOX and end it with dropform resolve ADDRESS."},
	"canceled":   {"The call was given up because the run ended.", "Run the command again."},
	"local":      {"Something on this machine failed before the call.", "See the message; nothing was sent."},
	"unreadable": {"The answer is none that the vendor describes.", "Check url. If the outcome is unknown, look in CONBOX and end it with dropform resolve ADDRESS."},
}
