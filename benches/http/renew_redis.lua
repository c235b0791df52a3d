-- POST /renew as a page of the app sends it, with the app's own session of $APP_SESSION. wrk formats the request once.
dofile(os.getenv("HERE") .. "/renew.lua")
wrk.headers["Cookie"] = "connect.sid=" .. os.getenv("APP_SESSION")
