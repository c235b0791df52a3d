-- GET /enter, each request with the next ticket of the file $TICKETS.
dofile(os.getenv("HERE") .. "/answers.lua")
local tickets
local head = "GET /enter?return_to=%2Fepisodes%2F7&ticket="
local tail

function init()
  tickets = assert(io.open(os.getenv("TICKETS")))
  tail = " HTTP/1.1\r\nHost: " .. wrk.headers["Host"] .. "\r\n\r\n"
end

function request()
  -- When they have run out the answer is 401, and the round counts as failed.
  return head .. (tickets:read("*l") or "") .. tail
end
