# What each of the three decides by, in its cimesh.zpl: a baseline of OPNFV is
# promoted when OPNFV's tests and ONAP's integration accept it. Missing is
# neither: it stays open until somebody has said something.
promote
    release
        subject = "BaselineDefined"
        topic = "opnfv/BaselineDefined/"
        require
            acceptance = "opnfv:OPNFV_ACCEPTANCE=SUCCESS"
            integration = "onap:ONAP_INTEGRATION=SUCCESS"
