-- The same with the token of $TOKEN in place of a session.
dofile(os.getenv("HERE") .. "/renew.lua")
wrk.headers["Cookie"] = "token=" .. os.getenv("TOKEN")
